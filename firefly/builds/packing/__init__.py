"""Artifacts of builds: packed, kept, found again and unpacked."""
