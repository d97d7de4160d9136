"""Hooks of providers: taken, kept, handled one after another; and the life of pull requests."""
