"""The endpoint on the unix socket: frames in, answers out."""
