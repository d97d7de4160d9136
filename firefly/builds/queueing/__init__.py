"""The queue of builds, those who take from it, and what they leave when they die.

In goes what was asked for; out comes one build after another, each held by one server at a time, in turn by owner.
"""
