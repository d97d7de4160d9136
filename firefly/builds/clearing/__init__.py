"""What of builds nobody needs any more, cleared away by every server in time, and when an administrator asks.

Each kind is a `Part`, which is asked to clear and says how much that was.
"""
