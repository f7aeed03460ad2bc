"""What a mask tells without a syntax tree: names, headers, logical lines, positions. Pure; both sides share it."""
