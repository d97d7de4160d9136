"""What is to be built: asked for by pushes, hooks, people and times of day, within what a project's policy allows."""
