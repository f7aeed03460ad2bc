"""A real datagram socket in the journal's place, and real files behind standard error."""

from __future__ import annotations

import io
import logging
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from remora_hub.log_journal import JournalHandler, encode, is_journal
from remora_hub.log_lines import line_formatter


def decode(entry: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    while entry:
        line, _, entry = entry.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack_from("<Q", entry)
            value, entry = entry[8 : 8 + length], entry[9 + length :]
        fields[name.decode()] = value.decode()
    return fields


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "journal"))
        listener.settimeout(10)
        yield listener


def handler(address: Path, stream: io.StringIO) -> JournalHandler:
    made = JournalHandler(stream, str(address))
    made.setFormatter(line_formatter(console=False, colors=False))
    return made


def test_an_entry_has_a_priority_and_a_field_for_each_key() -> None:
    fields = decode(
        encode({"event": "store.made", "level": "warning", "files": 3, "reason": "no \x1b[2J file"})
    )
    assert fields["MESSAGE"] == r'store.made files=3 reason="no \x1b[2J file"'
    assert fields["PRIORITY"] == "4"
    assert fields["SYSLOG_IDENTIFIER"] == "remora-hub"
    assert (fields["HUB_EVENT"], fields["HUB_FILES"]) == ("store.made", "3")


def test_a_value_of_several_lines_cannot_pass_for_another_field() -> None:
    fields = decode(encode({"event": "x.y", "level": "info", "path": "a\nPRIORITY=0\n.py", "a=b\nc": 1}))
    assert fields["HUB_PATH"] == "a\nPRIORITY=0\n.py"
    assert fields["PRIORITY"] == "6"
    assert fields["HUB_A_B_C"] == "1"


def test_a_traceback_keeps_its_lines_and_a_long_value_is_cut() -> None:
    entry = encode(
        {"event": "x.y", "level": "error", "exception": "Traceback:\n  boom", "reason": "x" * 10**6}
    )
    fields = decode(entry)
    assert fields["MESSAGE"].startswith("x.y reason=")
    assert len(entry) < 100_000
    short = decode(encode({"event": "x.y", "level": "error", "exception": "Traceback:\n  boom"}))
    assert short["MESSAGE"] == "x.y\nTraceback:\n  boom"


def test_a_name_that_is_not_utf8_reaches_the_journal() -> None:
    assert decode(encode({"event": "x.y", "level": "info", "path": "a\udcff"}))["HUB_PATH"] == r"a\udcff"


def test_events_go_to_the_journal_and_not_to_the_stream(journal: socket.socket, tmp_path: Path) -> None:
    stream = io.StringIO()
    made = handler(tmp_path / "journal", stream)
    made.handle(
        logging.makeLogRecord({"name": "asyncio", "levelname": "ERROR", "levelno": 40, "msg": "boom"})
    )
    fields = decode(journal.recv(65536))
    assert (fields["MESSAGE"], fields["PRIORITY"], fields["LOGGER"]) == ("boom", "3", "asyncio")
    assert stream.getvalue() == ""
    made.close()


def test_without_a_journal_the_stream_has_them(tmp_path: Path) -> None:
    stream = io.StringIO()
    made = handler(tmp_path / "missing", stream)
    made.handle(logging.makeLogRecord({"levelname": "ERROR", "levelno": 40, "msg": "boom"}))
    assert '"event": "boom"' in stream.getvalue()
    made.close()


def test_a_journal_that_does_not_read_stops_nobody(journal: socket.socket, tmp_path: Path) -> None:
    stream = io.StringIO()
    made = handler(tmp_path / "journal", stream)
    for _ in range(2000):
        made.handle(logging.makeLogRecord({"levelname": "ERROR", "levelno": 40, "msg": "boom " * 500}))
    assert stream.getvalue() == ""
    made.close()


def test_the_journal_is_told_by_the_file_behind_the_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(tmp_path / "stream", "w") as stream, open(tmp_path / "other", "w") as other:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        assert is_journal(stream)
        assert not is_journal(other)
        monkeypatch.delenv("JOURNAL_STREAM")
        assert not is_journal(stream)
    assert not is_journal(io.StringIO())
