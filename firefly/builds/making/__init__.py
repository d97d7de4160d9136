"""One commit made into one artifact: read, planned, keyed, built or found.

In goes a build that was taken from the queue; out comes its `Outcome`: the artifact, or why there is none.
"""
