"""Nothing is lost: every settled edit becomes a commit on the workspace's shadow branch in the hosted repository."""
