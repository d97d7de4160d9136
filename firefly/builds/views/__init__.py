"""What pages, badges and the API show of builds."""
