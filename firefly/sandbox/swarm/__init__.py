"""Sandboxes as services of a Docker Swarm: placed by it, on whichever node, and reached over the network."""
