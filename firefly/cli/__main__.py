"""`python -m firefly.cli`."""

from .main import main

main()
