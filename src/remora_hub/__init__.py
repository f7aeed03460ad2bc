"""Remora Hub: a live, durable index of a Python code base."""

__version__ = "0.1.0"
