from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from remora_hub.logs import configure_logs, get_logger, log_context


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    level, raise_exceptions = logging.getLogger().level, logging.raiseExceptions
    yield
    logging.captureWarnings(False)
    logging.getLogger().setLevel(level)
    logging.raiseExceptions = raise_exceptions
    for handler in logging.getLogger().handlers[:]:
        if handler.get_name() == "remora_hub":
            logging.getLogger().removeHandler(handler)
    structlog.reset_defaults()


def logged(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_keys_and_a_utc_time() -> None:
    stream = io.StringIO()
    configure_logs("info", stream=stream)
    get_logger("remora_hub.store").info("store.batch_committed", files=100)
    (event,) = logged(stream)
    assert event["event"] == "store.batch_committed"
    assert event["files"] == 100
    assert event["level"] == "info"
    assert datetime.fromisoformat(str(event["timestamp"])).tzinfo == UTC


def test_auto_is_for_people_on_a_terminal() -> None:
    stream = Terminal()
    configure_logs("info", "auto", stream)
    get_logger("remora_hub.store").info("store.opened", path="hub.db", files=3)
    assert "store.opened" in stream.getvalue()
    assert stream.getvalue().index("hub.db") < stream.getvalue().index("files")
    assert not stream.getvalue().startswith("{")


def test_events_below_the_level_are_dropped_and_the_level_can_be_changed() -> None:
    stream = io.StringIO()
    log = get_logger("remora_hub.watch")
    configure_logs("warning", "json", stream)
    log.info("watch.armed")
    configure_logs("debug", "json", stream)
    log.debug("watch.hint")
    assert [event["event"] for event in logged(stream)] == ["watch.hint"]


def test_what_libraries_log_comes_out_the_same_way_from_warning_on() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    logging.getLogger("watchfiles.main").info("3 changes detected")
    logging.getLogger("asyncio").warning("took %d s", 3)
    (event,) = logged(stream)
    assert (event["event"], event["logger"], event["level"]) == ("took 3 s", "asyncio", "warning")


def test_a_name_that_is_not_utf8_can_be_logged_as_json() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    get_logger("remora_hub.discovery").info("discovery.skipped", path="a\udcff.py")
    assert logged(stream)[0]["path"] == "a\udcff.py"


def test_a_hostile_name_does_not_reach_a_terminal_as_it_is() -> None:
    stream = Terminal()
    configure_logs("info", "console", stream)
    get_logger("remora_hub.discovery").info("discovery.skipped", path="a\x1b[2J\n\udcff.py")
    assert r"a\x1b[2J\n\xff.py" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1


def test_an_exception_is_logged_with_its_traceback() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    try:
        raise ValueError("broken")
    except ValueError:
        get_logger("remora_hub.store").exception("store.write_failed")
    assert "ValueError: broken" in str(logged(stream)[0]["exception"])


@pytest.mark.parametrize("configure", ["", "configure_logs();"])
def test_nothing_goes_to_standard_output_even_before_configuration(configure: str) -> None:
    program = f"from remora_hub.logs import *;{configure}get_logger('remora_hub.x').warning('x.happened')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "x.happened" in done.stderr


def test_a_full_disk_behind_standard_error_does_not_stop_the_process() -> None:
    program = (
        "from remora_hub.logs import *;configure_logs()\n"
        "for _ in range(99): get_logger('remora_hub.x').info('x.happened')\n"
        "print('alive')"
    )
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert done.stdout == b"alive\n"
    assert done.returncode in (
        0,
        120,
    )  # 120: CPython's own word, at exit, that a last flush failed (3.11.2 does)


def test_structlog_is_imported_for_an_event_that_is_written_and_for_no_other() -> None:
    program = (
        "import sys; from remora_hub.logs import *; configure_logs('warning'); log = get_logger('remora_hub.x')\n"
        "log.info('x.happened'); print('structlog' in sys.modules)\n"
        "log.warning('x.happened'); print('structlog' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\nTrue\n"


def test_an_event_carries_the_context_it_is_said_in_and_so_do_tasks_begun_there() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    log = get_logger("remora_hub.server")

    async def request() -> None:
        log.info("request.begun")

    async def connection() -> None:
        with log_context(client=3), log_context(method="hub/sync"):
            task = asyncio.create_task(request())
        await task

    asyncio.run(connection())
    log.info("request.ended")
    begun, ended = logged(stream)
    assert (begun["client"], begun["method"]) == (3, "hub/sync")
    assert "client" not in ended


def test_what_is_said_again_and_again_is_summed_up() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    log = get_logger("remora_hub.store")
    for number in range(46):
        log.warning("store.write_failed", number=number)
        logging.getLogger("library").warning("request %d failed", number)
    log.info("store.opened")
    configure_logs("info", "json", stream)
    events = logged(stream)
    assert [event["event"] for event in events].count("store.write_failed") == 5
    assert len([event for event in events if event.get("logger") == "library"]) == 5
    assert [event["event"] for event in events].count("store.opened") == 1
    summaries = {event["said"]: event for event in events if event["event"] == "log.repeated"}
    assert summaries["store.write_failed"]["times_more"] == 41
    assert summaries["store.write_failed"]["level"] == "warning"
    assert summaries["request %d failed"]["times_more"] == 41


def test_nothing_is_kept_back_from_who_looks_for_a_fault() -> None:
    stream = io.StringIO()
    configure_logs("debug", "json", stream)
    for _ in range(20):
        get_logger("remora_hub.watch").debug("watch.hint")
    assert len(logged(stream)) == 20


def test_a_line_of_json_begins_with_when_how_severe_and_what() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    get_logger("remora_hub.store").info("store.opened", files=3)
    assert list(logged(stream)[0]) == ["timestamp", "level", "event", "files"]


def test_lines_make_room_for_a_progress_bar_that_has_put_itself_in_the_place_of_standard_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, bar = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", before)
    configure_logs("info", "console")
    monkeypatch.setattr(sys, "stderr", bar)
    get_logger("remora_hub.store").warning("store.write_failed")
    monkeypatch.setattr(sys, "stderr", before)
    get_logger("remora_hub.store").info("store.opened")
    assert "store.write_failed" in bar.getvalue()
    assert "store.opened" in before.getvalue()
    assert "store.write_failed" not in before.getvalue()
