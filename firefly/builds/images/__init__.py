"""Images by Dockerfile: what goes to the engine, what it says meanwhile, what comes out and is kept."""
