"""The bridge's HTTP side: handlers only, all work is in the services."""
