"""Composing the system's mail: pure, from a letter (`mailing.letter`) to a message ready for the wire."""
