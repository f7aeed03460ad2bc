"""Which definitions have which words, in names, paths and docstrings: a table of SQLite's FTS5, in memory.

``hub.db`` may hold no virtual table, and in memory it costs nothing to write: Home Assistant's 119,000 definitions take
some seconds to read and are then ranked by BM25 in milliseconds.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apsw

_TABLES = """
CREATE TABLE node (
    id INTEGER PRIMARY KEY, path TEXT, suffix TEXT, kind TEXT, line INTEGER, column INTEGER, is_test INTEGER,
    docstring TEXT, UNIQUE (path, suffix));
CREATE VIRTUAL TABLE words USING fts5(
    name, outer, path, docstring, content = '', contentless_delete = 1, tokenize = 'porter unicode61');
CREATE VIRTUAL TABLE known_words USING fts5vocab(words, row);
"""
_COLUMNS = "path, suffix, kind, line, column, is_test, docstring"
# How much a word in each column counts: its own name, names around it, the path, the docstring. Chosen on the questions
# of ``scripts/measure-search``.
_WEIGHTS = "INSERT INTO words (words, rank) VALUES ('rank', 'bm25(4.0, 1.0, 1.0, 4.0)')"
_NODE = f"SELECT {_COLUMNS} FROM node WHERE id = ?"  # noqa: S608  # constants
_SEARCH = "SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank"
_MOST_WORDS = 24  # of a question: one that is spelt like none takes some 20 ms
_LEAST_LETTERS = 4  # of a word that is taken for a part of another, or for one misspelt
_LEAST_LIKENESS = 0.8


class IndexedNode(NamedTuple):
    """One definition; ``docstring`` is its first line."""

    path: str
    suffix: str
    kind: str
    line: int
    column: int
    is_test: bool
    docstring: str | None


class Wanted(NamedTuple):
    """Which definitions are: those of one kind, in files whose paths are wanted; None: any."""

    kind: str | None = None
    is_path: Callable[[str], bool] | None = None

    def accepts(self, node: IndexedNode) -> bool:
        """Whether it is one of them."""
        return (self.kind is None or node.kind == self.kind) and (
            self.is_path is None or self.is_path(node.path)
        )


class NodeWords(NamedTuple):
    """One definition and its words, with blanks between."""

    node: IndexedNode
    name: str
    outer: str
    path: str
    docstring: str


class WordHit(NamedTuple):
    """A definition with words of a question; its score is BM25's, the higher the better."""

    node: IndexedNode
    score: float


class WordIndex:
    """For one thread at a time."""

    def __init__(self) -> None:
        self._connection = apsw.Connection(":memory:")
        self._connection.execute(_TABLES)
        self._connection.execute(_WEIGHTS)

    def replace(self, path: str, rows: Iterable[NodeWords]) -> None:
        """Put the definitions of a file in the place of those it had."""
        execute = self._connection.execute
        with self._connection:
            old = "SELECT id FROM node WHERE path = ?"
            execute(f"DELETE FROM words WHERE rowid IN ({old})", (path,))  # noqa: S608  # a constant
            execute("DELETE FROM node WHERE path = ?", (path,))
            for row in rows:
                execute(f"INSERT INTO node ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row.node)  # noqa: S608
                texts = row.name, row.outer, row.path, row.docstring
                execute(
                    "INSERT INTO words (rowid, name, outer, path, docstring) VALUES (?, ?, ?, ?, ?)",
                    (self._connection.last_insert_rowid(), *texts),
                )

    def search(self, words: Sequence[str]) -> Iterator[WordHit]:
        """The definitions with any of ``words``, or forms of them, the best first.

        A word that none has stands for those that begin with it, or else for those that are spelt much like it.
        """
        asked = self._expression(words)
        if asked is None:
            return
        for row, score in self._connection.execute(_SEARCH, (asked,)):
            for columns in self._connection.execute(_NODE, (row,)):
                yield WordHit(_node(columns), -score)

    def parts_with(self, words: Sequence[str], node: IndexedNode) -> tuple[bool, bool]:
        """Whether any of ``words``, taken as ``search`` takes them, is in its names; in its path or docstring."""
        asked = self._expression(words)
        if asked is None:
            return False, False
        row = self._connection.execute(
            "SELECT id FROM node WHERE path = ? AND suffix = ?", (node.path, node.suffix)
        ).get
        in_names, in_text = (
            self._connection.execute(
                "SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?", (f"{{{columns}}} : ({asked})", row)
            ).get
            is not None
            for columns in ("name outer", "path docstring")
        )
        return in_names, in_text

    def node(self, path: str, suffix: str) -> IndexedNode | None:
        """The definition of a key, if there is one."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM node WHERE path = ? AND suffix = ?",  # noqa: S608  # a constant
            (path, suffix),
        ).fetchone()
        return None if found is None else _node(found)

    def places(self, wanted: Wanted) -> list[tuple[str, str]]:
        """Path and suffix of all definitions that are wanted."""
        conditions, values = ["TRUE"], []
        if wanted.is_path is not None:
            paths = self._connection.execute("SELECT DISTINCT path FROM node")
            conditions.append("path IN (SELECT value FROM json_each(?))")
            values.append(json.dumps([path for (path,) in paths if wanted.is_path(path)]))
        if wanted.kind is not None:
            conditions.append("kind = ?")
            values.append(wanted.kind)
        statement = f"SELECT path, suffix FROM node WHERE {' AND '.join(conditions)}"  # noqa: S608  # constants
        rows: Iterator[Any] = self._connection.execute(statement, values)
        return list(rows)

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM node").get)

    def close(self) -> None:
        """Free its memory."""
        self._connection.close()

    def _expression(self, words: Sequence[str]) -> str | None:
        return " OR ".join(term for word in words[:_MOST_WORDS] for term in self._terms(word)) or None

    def _terms(self, word: str) -> list[str]:
        term = '"{}"'.format(word.replace('"', '""'))
        if self._has(term) or len(word) < _LEAST_LETTERS:
            return [term]
        if self._has(f"{term} *"):
            return [f"{term} *"]
        rows = self._connection.execute(
            "SELECT term FROM known_words WHERE term >= ? AND term < ?", (word[0], word[0] + "\U0010ffff")
        )
        alike = difflib.get_close_matches(word, (term for (term,) in rows), n=3, cutoff=_LEAST_LIKENESS)
        return [f'"{other}"' for other in alike]

    def _has(self, term: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", (term,))
        return found.fetchone() is not None


def accepted(hits: Iterable[WordHit], accepts: Callable[[IndexedNode], bool], most: int) -> list[WordHit]:
    """The first ``most`` of those that are accepted."""
    found: list[WordHit] = []
    for hit in hits:
        if accepts(hit.node):
            found.append(hit)
            if len(found) == most:
                break
    return found


def _node(columns: Sequence[Any]) -> IndexedNode:
    path, suffix, kind, line, column, is_test, docstring = columns
    return IndexedNode(path, suffix, kind, line, column, bool(is_test), docstring)
