"""The Environment Bridge: the project server inside a workspace's sandbox."""
