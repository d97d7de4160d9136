"""What of builds nobody needs any more, cleared away by every server in time, and when an administrator asks."""
