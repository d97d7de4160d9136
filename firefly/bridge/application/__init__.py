"""The application of a workspace: installed, started, watched, restarted."""
