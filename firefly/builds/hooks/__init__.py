"""Hooks of providers: taken, kept, handled one after another; and the life of pull requests.

In goes a signed request; out come builds, ends of refs and news for linked projects, whatever order they come in.
"""
