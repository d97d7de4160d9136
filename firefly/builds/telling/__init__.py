"""Notices of what happened to a build, and those who are told.

In goes a change, written with its notices in one transaction; out, to each listener on its own, until it has heeded.
"""
