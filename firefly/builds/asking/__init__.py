"""What is to be built: asked for by pushes, hooks, people and times of day, within what a project's policy allows.

In goes a commit and who or what named it; out comes a build in the queue, in the transaction in which it was asked for.
"""
