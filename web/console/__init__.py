"""The operators' pages below `/console`, and the sign-in before the Temporal UI and its codec."""
