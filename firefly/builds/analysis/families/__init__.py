"""One file for each family of projects; each makes a whole plan of what it recognises, or None."""
