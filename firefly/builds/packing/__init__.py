"""Artifacts of builds: packed, kept, found again and unpacked.

In goes a tar from a workspace; what is kept has the digest of its canonical, uncompressed form; out comes a workspace.
"""
