"""One commit made into one artifact: read, planned, keyed, built or found."""
