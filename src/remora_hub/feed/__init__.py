"""What changed: live subscriptions to the store's commits, each bounded, none with a silent gap."""
