"""Pure extraction: the bytes of one file in, its facts and problems out. No I/O; the only importer of tree-sitter."""
