"""From a name to what it means: scopes, imports, classes, and as much of types as that takes."""
