"""The queue of builds, those who take from it, and what they leave when they die."""
