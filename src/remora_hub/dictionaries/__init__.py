"""What is usual in Python code, for Zstandard: see ``compression``; ``scripts/train-dictionaries`` makes them."""
