"""What can be configured: every section, key, default, unit and bound, in one frozen model.

A section belongs to one component. Key names are unique across sections, so that an environment variable need not name
the section; sections inside another one (``enrich.embed``) share names, and their keys need the whole dotted name.
``config/remora-hub.toml`` is this model written out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Workers = Annotated[int, Meta(ge=1, le=64)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Milliseconds = Annotated[int, Meta(ge=1, le=60_000)]
Patterns = tuple[str, ...]
When = Literal["auto", "always", "never"]
Calls = Annotated[int, Meta(ge=1, le=1000)]
PerMinute = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]
Text = Annotated[str, Meta(max_length=200)]
# ``format`` is what an error says of them.
Url = Annotated[str, Meta(pattern=r"^(https?://[^\s@]+)?\Z", extra_json_schema={"format": "uri"})]
VariableName = Annotated[
    str, Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?\Z", extra_json_schema={"format": "variable"})
]

# Nothing here may be the name of a package somebody wrote: the standard library has a `venv`, pip a `build`.
DEFAULT_IGNORES = (
    ".git/",
    ".hg/",
    ".svn/",
    ".remora/",
    ".venv/",
    ".direnv/",
    ".tox/",
    ".nox/",
    ".eggs/",
    ".cache/",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".ipynb_checkpoints/",
    "__pycache__/",
    "__pypackages__/",
    "site-packages/",
    "node_modules/",
)


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen group of keys; ``load_config`` refuses unknown keys and values of another type."""


class DiscoveryConfig(Section, frozen=True):
    """Which files are indexed."""

    include: Annotated[
        Patterns, Meta(description="globs a file must match one of, like .gitignore lines; none: all")
    ] = ()
    exclude: Annotated[
        Patterns, Meta(description="globs of files and directories to leave out, like .gitignore lines")
    ] = ()
    default_ignores: Annotated[
        Patterns, Meta(description="globs left out of every project, unless its .gitignore re-includes them")
    ] = DEFAULT_IGNORES
    respect_git_ignores: Annotated[
        bool, Meta(description="leave out what git ignores (.gitignore, .git/info/exclude, the global file)")
    ] = True
    max_file_bytes: Annotated[
        int, Meta(ge=1, le=1_000_000_000, description="largest file that is read, in bytes")
    ] = 2_000_000


class IndexConfig(Section, frozen=True):
    """Cold start and parsing."""

    max_indexing_workers: Annotated[Workers, Meta(description="threads that read files at cold start")] = 8
    parse_lanes: Annotated[
        Literal["auto"] | Workers, Meta(description="processes that parse; auto: one for each available core")
    ] = "auto"
    parse_timeout_s: Annotated[
        Seconds, Meta(description="longest time one file may take to parse, in seconds")
    ] = 2.0
    lane_idle_s: Annotated[
        Seconds, Meta(description="a parse lane ends after this idle time, in seconds")
    ] = 10.0
    facts_cache_mb: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="facts kept in the user's cache for other checkouts of the same files, in MiB; 0: none",
        ),
    ] = 512
    progress: Annotated[When, Meta(description="progress bar at cold start; auto: on a terminal")] = "auto"

    @property
    def lane_count(self) -> int:
        """``parse_lanes`` as a number: auto is the cores this process may run on."""
        return len(os.sched_getaffinity(0)) if self.parse_lanes == "auto" else self.parse_lanes


class ChangesConfig(Section, frozen=True):
    """The change queue and its workers."""

    max_change_workers: Annotated[Workers, Meta(description="tasks that drain the change queue")] = 4
    change_queue_size: Annotated[
        int, Meta(ge=1, le=1_000_000, description="most paths waiting in the change queue")
    ] = 1000
    backpressure: Annotated[
        Literal["reconcile", "block", "shed_oldest"],
        Meta(
            description="when the queue is full: reconcile (rescan the directory), block (the watcher waits) "
            "or shed_oldest (the oldest entry becomes a rescan)"
        ),
    ] = "reconcile"


class StoreConfig(Section, frozen=True):
    """The database."""

    batch_files: Annotated[int, Meta(ge=1, le=10_000, description="most files in one commit")] = 100
    batch_ms: Annotated[
        Milliseconds, Meta(description="longest wait for a commit to fill, in milliseconds")
    ] = 50
    busy_timeout_ms: Annotated[
        Milliseconds, Meta(description="longest wait for a database lock, in milliseconds")
    ] = 5000
    feed_retention_commits: Annotated[
        int, Meta(ge=1, le=10_000_000, description="commits whose changes can still be asked for")
    ] = 10_000
    check_interval_s: Annotated[
        Seconds, Meta(description="time between checks of the database for damage, when idle, in seconds")
    ] = 21_600.0
    cache_mb: Annotated[int, Meta(ge=1, le=4096, description="page cache of the writer, in MiB")] = 16


class WatchConfig(Section, frozen=True):
    """Watching the file system."""

    debounce_ms: Annotated[
        Milliseconds, Meta(description="longest time events are gathered, in milliseconds")
    ] = 50
    step_ms: Annotated[
        Milliseconds, Meta(description="quiet time that ends the gathering, in milliseconds")
    ] = 5
    reconcile_interval_s: Annotated[
        Seconds, Meta(description="time between comparisons of the whole tree with the index, in seconds")
    ] = 30.0
    polling: Annotated[
        When, Meta(description="poll instead of inotify; auto: where inotify cannot be used")
    ] = "auto"


class ServerConfig(Section, frozen=True):
    """The socket the daemon answers on."""

    max_frame_bytes: Annotated[
        int, Meta(ge=1024, le=1024**3, description="largest message accepted, in bytes")
    ] = 16 * 1024 * 1024
    max_requests_per_connection: Annotated[
        int, Meta(ge=1, le=10_000, description="requests of one connection answered at a time")
    ] = 64
    max_connections: Annotated[int, Meta(ge=1, le=100_000, description="most open connections")] = 512
    sync_timeout_s: Annotated[
        Seconds, Meta(description="longest wait for the index to catch up with the disk, in seconds")
    ] = 30.0
    subscriber_buffer: Annotated[
        int, Meta(ge=1, le=1_000_000, description="commits kept for a slow subscriber before it must rescan")
    ] = 1000


class ClientConfig(Section, frozen=True):
    """The commands that talk to the daemon."""

    start_timeout_s: Annotated[
        Seconds, Meta(description="longest wait for a daemon to start, in seconds")
    ] = 20.0
    max_adhoc_files: Annotated[
        int,
        Meta(ge=0, le=10_000_000, description="most files indexed to answer without a daemon; more need one"),
    ] = 20_000


class DaemonConfig(Section, frozen=True):
    """The daemon's life."""

    idle_exit_s: Annotated[
        int,
        Meta(
            ge=0,
            le=31_536_000,
            description="the daemon ends after this time without a client, in seconds; 0: never",
        ),
    ] = 0


class HttpConfig(Section, frozen=True):
    """The listener for monitoring, on loopback: health, readiness, metrics. Needs the extra ``http``."""

    port: Annotated[int, Meta(ge=0, le=65_535, description="port on 127.0.0.1; 0: none")] = 0


class LogsConfig(Section, frozen=True):
    """The log, on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least severe event logged")
    ] = "info"
    format: Annotated[
        Literal["auto", "console", "json", "journal"],
        Meta(
            description="console or json lines, or systemd's journal; auto: console on a terminal, journal where "
            "standard error goes there, else json"
        ),
    ] = "auto"


class EmbedConfig(Section, frozen=True):
    """Vectors for search by meaning. Needs the extra `semantic`."""

    enabled: Annotated[bool, Meta(description="keep vectors up to date in the daemon")] = False
    model: Annotated[
        Text, Meta(description="model that embeds; empty: the embedded one, or the endpoint's usual one")
    ] = ""
    base_url: Annotated[
        Url,
        Meta(
            description="OpenAI-compatible endpoint, ending in /v1, that source text is sent to; empty: none"
        ),
    ] = ""
    api_key_env: Annotated[
        VariableName,
        Meta(description="environment variable that holds the key of the endpoint; empty: no key"),
    ] = "OPENAI_API_KEY"
    batch_items: Annotated[int, Meta(ge=1, le=2048, description="most texts in one request")] = 100
    requests_per_minute: Annotated[
        PerMinute, Meta(description="requests aimed at in a minute; 0: 80 % of the provider's preset")
    ] = 0
    tokens_per_minute: Annotated[PerMinute, Meta(description="tokens aimed at in a minute; 0: no limit")] = 0
    max_workers: Annotated[Calls, Meta(description="requests at a time")] = 8


class SummarizeConfig(Section, frozen=True):
    """Summaries by a chat model. Needs the extra `enrich`."""

    enabled: Annotated[bool, Meta(description="keep summaries up to date in the daemon")] = False
    provider: Annotated[
        Literal["openai", "anthropic", "google", "local"],
        Meta(description="how the model is spoken to; local: an OpenAI-compatible server of your own"),
    ] = "openai"
    model: Annotated[Text, Meta(description="model that summarizes; empty: none, and nothing is sent")] = ""
    base_url: Annotated[
        Url,
        Meta(description="endpoint that source text is sent to, ending in /v1; empty: the provider's own"),
    ] = ""
    api_key_env: Annotated[
        VariableName,
        Meta(description="environment variable that holds the key; empty: the provider's usual one"),
    ] = ""
    max_tokens: Annotated[
        int, Meta(ge=0, le=1_000_000_000_000, description="tokens a run may use; 0: no budget")
    ] = 0
    max_cost: Annotated[Dollars, Meta(description="what a run may cost, in US dollars; 0: no budget")] = 0.0
    input_price: Annotated[
        Dollars, Meta(description="price of a million tokens read, in US dollars; 0: as known of the model")
    ] = 0.0
    output_price: Annotated[
        Dollars,
        Meta(description="price of a million tokens written, in US dollars; 0: as known of the model"),
    ] = 0.0
    requests_per_minute: Annotated[
        PerMinute, Meta(description="requests aimed at in a minute; 0: 80 % of the provider's preset")
    ] = 0
    tokens_per_minute: Annotated[PerMinute, Meta(description="tokens aimed at in a minute; 0: no limit")] = 0
    max_workers: Annotated[Calls, Meta(description="requests at a time")] = 50


class EnrichConfig(Section, frozen=True):
    """What models add to the index."""

    embed: EmbedConfig = EmbedConfig()
    summarize: SummarizeConfig = SummarizeConfig()


class HubConfig(Section, frozen=True):
    """All of the hub's configuration. ``HubConfig()`` is the defaults; ``load_config`` layers the sources."""

    discovery: DiscoveryConfig = DiscoveryConfig()
    index: IndexConfig = IndexConfig()
    changes: ChangesConfig = ChangesConfig()
    store: StoreConfig = StoreConfig()
    watch: WatchConfig = WatchConfig()
    server: ServerConfig = ServerConfig()
    client: ClientConfig = ClientConfig()
    daemon: DaemonConfig = DaemonConfig()
    http: HttpConfig = HttpConfig()
    enrich: EnrichConfig = EnrichConfig()
    logs: LogsConfig = LogsConfig()


def section_models() -> dict[str, type[Section]]:
    """The name and model of each section that holds keys, in the order of the model; ``enrich.embed`` is one."""
    return dict(_sections_of(HubConfig))


def values_by_name(config: HubConfig) -> dict[str, Any]:
    """Each value, in its JSON form, under its whole name (``section.key``), in the order of the model."""
    tables = msgspec.json.decode(msgspec.json.encode(config))
    values: dict[str, Any] = {}
    for section, model in section_models().items():
        table = tables
        for name in section.split("."):
            table = table[name]
        values |= {f"{section}.{key}": table[key] for key in model.__struct_fields__}
    return values


def _sections_of(model: type[Section], prefix: str = "") -> Iterator[tuple[str, type[Section]]]:
    for name, default in zip(model.__struct_fields__, model.__struct_defaults__, strict=True):
        if isinstance(default, Section):
            inner = dict(_sections_of(type(default), f"{prefix}{name}."))
            yield from inner.items() if inner else [(prefix + name, type(default))]
