"""The change feed on disk: one row per commit, compressed JSON grouped by file, bounded in number.

Sequence numbers have no gaps, so what the feed reaches back to is told by its oldest row.
"""

from __future__ import annotations

from collections.abc import Mapping

import apsw
import msgspec

from remora_hub.compression import PLAIN
from remora_hub.errors import CorruptStoreError
from remora_hub.store.changes import Commit, FileChanges, Horizon

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, FileChanges]).decode


def read_sequence(connection: apsw.Connection) -> int:
    """The number of the latest commit; 0 before the first."""
    for (value,) in connection.execute("SELECT value FROM hub_meta WHERE key = 'sequence'"):
        return int(value)
    return 0


def read_oldest(connection: apsw.Connection) -> int:
    """The smallest number after which the feed knows every commit."""
    for (first,) in connection.execute("SELECT min(seq) FROM hub_commit"):
        if first is not None:
            return int(first) - 1
    return read_sequence(connection)


def write_sequence(connection: apsw.Connection, seq: int) -> None:
    """Make ``seq`` the number of the latest commit."""
    connection.execute("INSERT OR REPLACE INTO hub_meta (key, value) VALUES ('sequence', ?)", (seq,))


def append(
    connection: apsw.Connection, seq: int, at: float, changes: Mapping[str, FileChanges], retained: int
) -> None:
    """Write one commit's changes, by path, in the open transaction; keep the latest ``retained`` commits."""
    blob = PLAIN.compress(_encode(changes))
    connection.execute("INSERT INTO hub_commit (seq, at, changes) VALUES (?, ?, ?)", (seq, at, blob))
    write_sequence(connection, seq)
    trim(connection, seq, retained)


def trim(connection: apsw.Connection, seq: int, retained: int) -> int:
    """Drop all but the latest ``retained`` commits; how many went."""
    connection.execute("DELETE FROM hub_commit WHERE seq <= ?", (seq - retained,))
    return connection.changes()


def read_since(connection: apsw.Connection, since: int, limit: int) -> list[Commit] | Horizon:
    """At most ``limit`` commits after ``since``, oldest first; a Horizon where the feed does not reach back to it.

    A number from the future was given by another index, so it is answered by a Horizon, too. Call it in a read
    transaction. Raises CorruptStoreError if a row is damaged.
    """
    sequence, oldest = read_sequence(connection), read_oldest(connection)
    if not oldest <= since <= sequence:
        return Horizon(oldest=oldest, sequence=sequence)
    rows = connection.execute(
        "SELECT seq, at, changes FROM hub_commit WHERE seq > ? ORDER BY seq LIMIT ?", (since, limit)
    )
    return [_commit(int(seq), float(at), bytes(blob)) for seq, at, blob in rows]


def _commit(seq: int, at: float, blob: bytes) -> Commit:
    try:
        return Commit(seq=seq, at=at, by_file=_decode(PLAIN.decompress(blob)))
    except (ValueError, msgspec.DecodeError) as error:
        raise CorruptStoreError("read the change feed at", str(seq), str(error)) from error
