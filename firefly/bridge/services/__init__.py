"""What the bridge offers, one service a module."""
