"""Images by Dockerfile: what goes to the engine, what it says meanwhile, what comes out and is kept.

In goes a commit's Dockerfile and its context; out comes an image as an artifact, and what a sandbox needs to run it.
"""
