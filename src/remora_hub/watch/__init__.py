"""From file system events, which are only hints, to what must be looked at again on disk."""
