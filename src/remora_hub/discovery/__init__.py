"""Which files are the project's Python sources, what they hold, and what changed since they were last seen."""
