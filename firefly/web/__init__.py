"""HTTP only: the API, the pages and what they share. No rules live here."""
