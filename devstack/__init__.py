"""The stack that `make run` starts: real parts, on loopback, from the package index alone."""
