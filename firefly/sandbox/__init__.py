"""Sandboxes: what makes them (`backend`; `process`, `docker`, `swarm`), and what keeps them (`keeper`)."""
