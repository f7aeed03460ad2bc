"""The optional HTTP listener for monitoring: loopback only, off by default, imported only when it is on."""
