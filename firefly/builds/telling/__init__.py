"""Notices of what happened to a build, and those who are told."""
