"""One commit turned into one artifact."""
