"""What is done in the sandbox of a build, and where its result is unpacked."""
