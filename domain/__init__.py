"""The vocabulary: what things are called and which rules they keep.

Pure: no I/O, no clock, no randomness, nothing of ours from outside this package.
"""
