"""Sandboxes: what makes them (`backend`, `process`), and what keeps them (`keeper`)."""
