"""Answers from the index. Knows neither LSP nor JSON-RPC."""
