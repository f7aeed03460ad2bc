"""Clients of the daemon: connect to its socket, ask, and get its answers or its errors."""
