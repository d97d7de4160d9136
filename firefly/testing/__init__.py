"""In-memory twins of every interface, and fault injectors: for the tests of Firefly and of what builds on it."""
