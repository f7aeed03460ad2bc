"""The byte pump between an editor's pipes and the daemon's socket. Started for every editor, so it imports little."""
