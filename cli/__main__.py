"""`python -m cli` is `jcan`."""

from cli.main import main

main()
