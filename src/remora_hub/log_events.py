"""Every event of the log and every key it carries, in one place: what to look for, and what it means.

The modules that write events name them in full, so that a search finds them; ``tests/test_log_events.py`` holds this
list and the uses against each other. Below ``warning`` nothing is wrong. A ``warning`` is dealt with by the hub, or has
its ``remedy``. An ``error`` wants somebody to act: its ``remedy`` says how, or a traceback shows what to report. An
event has the keys of its context, too: ``client`` and ``client_pid`` on a connection, ``batch`` (and ``path``, where it
is one file) in a batch of changes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

LogLevel = Literal["debug", "info", "warning", "error"]

KEYS = {
    "applied": "keys of the configuration that are in force now, with their values before and after",
    "batch": "number of a batch of changed files since the store was opened",
    "client": "number of a connection since the hub was started",
    "client_pid": "process at the other end of the connection",
    "detail": "what happened to the file",
    "directory": "path relative to the root",
    "done": "files looked at so far, or items that have a result",
    "failed": "files that could not be indexed, or items without a result",
    "fd": "descriptor that the service manager handed over",
    "files": "number of files",
    "indexed": "files parsed and stored",
    "items": "what a run of enrichment has to do",
    "kept": "where the damaged database was put",
    "limiter": "name of the limits that runs share",
    "message": "what the service manager was to be told",
    "method": "of the protocol",
    "parsed": "files of the commit that were parsed",
    "needs_restart": "keys whose new values are in force after a restart",
    "part": "of the hub: store, index, watch, reconcile, state, hub",
    "path": "of a file; relative to the root where it is a source",
    "pending": "files that had to be read when the cold start began",
    "pid": "process id",
    "port": "on 127.0.0.1",
    "problem": "what keeps the part from its work",
    "provider": "of models",
    "rate_per_s": "files or items a second so far",
    "reason": "why, as a sentence",
    "remaining": "files still to be looked at",
    "remaining_s": "what is left will take so long",
    "remedy": "what a person can do, or that nothing need be done",
    "removed": "files whose records were removed",
    "requests": "sent to the provider so far",
    "root": "the project's root",
    "run": "name of a run of enrichment",
    "running": "calls in flight",
    "said": "the event that was held back",
    "seconds": "duration",
    "sequence": "number of the commit",
    "settled": "differences that needed no reading, such as removed files",
    "share": "of the limits that is used now",
    "socket": "where the hub listens",
    "status": "of the file, as hub/files lists it, or of the run",
    "suspects": "files that may differ from their records",
    "times_more": "how often the event was held back",
    "to_read": "files that have to be read",
    "token_file": "holds the token that clients show",
    "task": "what models do: embed, summarize",
    "tokens": "that calls cost so far",
    "total": "items that are to be done",
    "unchanged": "files whose records were right",
    "waits_for": "what keeps the next call from being made",
}


class LogEvent(NamedTuple):
    """``keys`` are those an event may carry of its own, separated by spaces."""

    name: str
    level: LogLevel
    meaning: str
    keys: str = ""


EVENTS = (
    LogEvent("hub.started", "info", "The hub holds the lock and listens.", "root pid socket"),
    LogEvent("hub.stopped", "info", "It has let go of both."),
    LogEvent("hub.idle", "info", "No client came for so long that it ends.", "seconds"),
    LogEvent("hub.stop_forced", "warning", "Something did not end in time; the process does.", "seconds remedy"),
    LogEvent("lock.holder_not_named", "debug", "The lock is held, its file does not say so.", "path reason"),
    LogEvent("config.reloaded", "info", "The configuration was read again.", "applied needs_restart"),
    LogEvent("config.refused", "warning", "The new configuration is wrong.", "reason remedy"),
    LogEvent("session.not_warmed_up", "debug", "What questions need could not be read beforehand.", "reason"),
    LogEvent("session.replaced", "debug", "The index is opened anew.", "reason"),
    LogEvent("session.postponed", "debug", "It cannot be opened yet.", "reason"),
    LogEvent("problem.began", "warning", "A part of the hub cannot do its work.", "part problem remedy"),
    LogEvent("problem.ended", "info", "It can again.", "part seconds"),
    LogEvent("places.not_secured", "debug", "State directory, lock or socket are not as they should be.", "reason"),
    LogEvent("index.started", "info", "The cold start has walked the tree.", "files to_read settled"),
    LogEvent("index.progress", "info", "It is under way.", "done pending failed rate_per_s remaining"),
    LogEvent("index.ready", "info", "It is over.", "files indexed unchanged removed failed seconds"),
    LogEvent("index.postponed", "debug", "No process or descriptor for a batch; tried again.", "files reason"),
    LogEvent("file.not_parsed", "warning", "A file took too long, or killed the parser.", "path status detail remedy"),
    LogEvent("change.committed", "debug", "A batch is stored.", "files parsed sequence"),
    LogEvent("change.not_stored", "error", "The store refused a file's facts.", "path reason remedy"),
    LogEvent("reconcile.differs", "debug", "The disk differed from the index.", "directory reason suspects"),
    LogEvent("reconcile.root_missing", "debug", "There is nothing to compare with.", "reason"),
    LogEvent("store.made", "info", "The index is made anew.", "reason"),
    LogEvent("cache.damaged", "warning", "The user's cache of facts is made anew.", "path reason remedy"),
    LogEvent("cache.not_filled", "debug", "What it is to keep could not be read now.", "reason"),
    LogEvent("cache.not_used", "warning", "Files are parsed that need not be.", "path reason remedy"),
    LogEvent("spelling.failed", "debug", "Names by spelling could not be read.", "reason"),
    LogEvent("store.damaged", "warning", "The database is set aside and rebuilt.", "reason kept remedy"),
    LogEvent("store.damage_not_found", "error", "A read met damage, a check found none.", "reason remedy"),
    LogEvent("store.written_by_others", "info", "Another program wrote to the database: no damage was found.", "path"),
    LogEvent("store.not_checked", "warning", "The database could not be checked now.", "reason"),
    LogEvent("store.not_marked_clean", "warning", "The next start checks the database.", "path reason"),
    LogEvent("store.write_failed", "debug", "A commit failed and is tried again.", "reason"),
    LogEvent("store.write_recovered", "debug", "It succeeded."),
    LogEvent("store.writer_stuck", "warning", "The writer does not get on.", "seconds remedy"),
    LogEvent("store.probe_ended", "debug", "The store was closed while it was probed.", "reason"),
    LogEvent("store.listener_failed", "error", "A fault of the hub's: report the traceback."),
    LogEvent("status.not_read", "debug", "No counts for the service manager just now.", "reason"),
    LogEvent("summaries.not_read", "warning", "Answers come without what models wrote.", "reason"),
    LogEvent("symbols.not_kept", "debug", "The table of symbols is not ready-made for the next start.", "reason"),
    LogEvent("symbols.not_ready", "debug", "The one of the last session is of no use: it is made anew.", "reason"),
    LogEvent("symbols.postponed", "debug", "The table of symbols is brought up to date later.", "reason"),
    LogEvent("client.connected", "debug", "A client connected."),
    LogEvent("client.left", "debug", "It hung up."),
    LogEvent("client.refused", "warning", "A client is not served.", "reason"),
    LogEvent("notification.refused", "debug", "A notification could not be followed.", "method reason"),
    LogEvent("notification.crashed", "error", "A fault of the hub's: report the traceback.", "method"),
    LogEvent("methods.not_imported", "error", "It was updated as it ran; else report the traceback.", "remedy"),
    LogEvent("request.crashed", "error", "A fault of the hub's: report the traceback.", "method"),
    LogEvent("document.left_out", "warning", "An editor's unsaved text is not looked at.", "path reason"),
    LogEvent("document.not_looked_at", "debug", "A saved document could not be compared.", "path reason"),
    LogEvent("unsaved.not_extracted", "warning", "An editor's unsaved text has no facts.", "path reason"),
    LogEvent("http.listening", "info", "The listener for monitoring is up.", "port token_file"),
    LogEvent("http.not_listening", "warning", "It is not.", "port reason remedy"),
    LogEvent("http.not_installed", "warning", "What it needs is missing.", "port reason remedy"),
    LogEvent("http.token_unavailable", "warning", "Nobody can show the token.", "path reason"),
    LogEvent("enrich.run_started", "info", "Models are called for a number of items.", "run items"),
    LogEvent("enrich.run_ended", "info", "It is over.", "run status done failed seconds"),
    LogEvent(
        "enrich.progress",
        "info",
        "It is under way.",
        "run total done failed running rate_per_s tokens requests remaining_s waits_for",
    ),
    LogEvent("enrich.rate_lowered", "warning", "A provider refused: all pause and slow down.", "limiter share seconds"),
    LogEvent("enrich.breaker_opened", "warning", "A provider does not work; it is left alone.", "provider seconds"),
    LogEvent("enrich.breaker_closed", "info", "It works again.", "provider"),
    LogEvent("enrich.not_followed", "warning", "Changes are not enriched for now.", "task problem remedy"),
    LogEvent("search.not_indexed", "warning", "Many vectors are compared one by one.", "reason remedy"),
    LogEvent("enrich.listener_failed", "error", "A progress callback's fault: report the traceback."),
    LogEvent("service_manager.no_socket", "warning", "A descriptor handed over is no socket.", "fd reason"),
    LogEvent("service_manager.wrong_socket", "warning", "A socket handed over is of no use.", "fd reason"),
    LogEvent("service_manager.not_reached", "debug", "The service manager was not told.", "message reason"),
    LogEvent("log.repeated", "info", "An event came so often that it was held back.", "said times_more seconds"),
)  # fmt: skip
