"""What a browser opens on the app host, one module per page."""
