"""The hub's life: lock, store, watcher, pipeline and endpoint put together, started and stopped."""
