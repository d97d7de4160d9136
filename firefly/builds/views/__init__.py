"""What pages, badges and the API show of builds.

In goes who asks and what for; out come values, of what that member may see.
"""
