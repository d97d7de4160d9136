"""The static server with live reload, for projects without a server of their own."""
