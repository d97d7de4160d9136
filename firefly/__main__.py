"""`python -m firefly` is the command line."""

from firefly.cli import main

main()
