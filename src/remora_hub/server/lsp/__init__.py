"""The language server (LSP 3.17): one module for each family of requests, named after it."""
