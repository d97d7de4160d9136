"""How a project is run when nobody says so: by looking at its files."""
