"""Vectors that tell what a definition is about, and search by meaning, names and text together.

    index --> node_text --> embed_nodes --> run_job --> model (minilm | wordllama | endpoint)
                               |  (unchanged and moved nodes keep their vectors)
                               +--> enrich.db --> vector_index --+  (large ones by way of an inverted_file)
    index --> word index (names and text) -----------------------+--> ranking --> hub/search

``embed_nodes`` brings the vectors level with the index, for all of it or for some files. ``search`` answers.
"""
