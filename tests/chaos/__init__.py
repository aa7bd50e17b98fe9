"""Enrolments while everything around them is killed, late, wrong, or heard twice: `python -m tests.chaos`."""
