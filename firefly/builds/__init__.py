"""Builds: one commit turned into one artifact, which is shown as a site and told to whoever wants to know."""
