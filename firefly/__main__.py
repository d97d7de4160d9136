"""`python -m firefly` is the command `firefly`."""

from firefly.cli import main

main()
