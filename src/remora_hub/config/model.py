"""What can be configured: every section, key, default, unit and bound, in one frozen model.

A section belongs to one component. Key names are unique across sections, so that an environment variable need not name
the section; sections inside another one (``enrich.embed``) share names, and their keys need the whole dotted name.
``config/remora-hub.toml`` is this model written out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Workers = Annotated[int, Field(ge=1, le=64)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Milliseconds = Annotated[int, Field(ge=1, le=60_000)]
Patterns = Annotated[tuple[str, ...], Field(strict=False)]  # TOML and JSON have lists, a frozen model tuples
When = Literal["auto", "always", "never"]
Calls = Annotated[int, Field(ge=1, le=1000)]
PerMinute = Annotated[int, Field(ge=0, le=1_000_000_000)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=200)]
# ``format`` is what an error says of them.
Url = Annotated[str, Field(pattern=r"^(https?://[^\s@]+)?$", json_schema_extra={"format": "uri"})]
VariableName = Annotated[
    str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", json_schema_extra={"format": "variable"})
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


class Section(BaseModel):
    """A frozen group of keys; unknown keys and values of another type are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DiscoveryConfig(Section):
    """Which files are indexed."""

    include: Patterns = Field(
        (), description="globs a file must match one of, like .gitignore lines; none: all"
    )
    exclude: Patterns = Field(
        (), description="globs of files and directories to leave out, like .gitignore lines"
    )
    default_ignores: Patterns = Field(
        DEFAULT_IGNORES,
        description="globs left out of every project, unless its .gitignore re-includes them",
    )
    respect_git_ignores: bool = Field(
        True, description="leave out what git ignores (.gitignore, .git/info/exclude, the global file)"
    )
    max_file_bytes: int = Field(
        2_000_000, ge=1, le=1_000_000_000, description="largest file that is read, in bytes"
    )


class IndexConfig(Section):
    """Cold start and parsing."""

    max_indexing_workers: Workers = Field(8, description="threads that read files at cold start")
    parse_lanes: Literal["auto"] | Workers = Field(
        "auto", description="processes that parse; auto: one for each available core"
    )
    parse_timeout_s: Seconds = Field(2.0, description="longest time one file may take to parse, in seconds")
    lane_idle_s: Seconds = Field(10.0, description="a parse lane ends after this idle time, in seconds")
    facts_cache_mb: int = Field(
        512,
        ge=0,
        le=1_000_000,
        description="facts kept in the user's cache for other checkouts of the same files, in MiB; 0: none",
    )
    progress: When = Field("auto", description="progress bar at cold start; auto: on a terminal")

    @property
    def lane_count(self) -> int:
        """``parse_lanes`` as a number: auto is the cores this process may run on."""
        return len(os.sched_getaffinity(0)) if self.parse_lanes == "auto" else self.parse_lanes


class ChangesConfig(Section):
    """The change queue and its workers."""

    max_change_workers: Workers = Field(4, description="tasks that drain the change queue")
    change_queue_size: int = Field(
        1000, ge=1, le=1_000_000, description="most paths waiting in the change queue"
    )
    backpressure: Literal["reconcile", "block", "shed_oldest"] = Field(
        "reconcile",
        description="when the queue is full: reconcile (rescan the directory), block (the watcher waits) "
        "or shed_oldest (the oldest entry becomes a rescan)",
    )


class StoreConfig(Section):
    """The database."""

    batch_files: int = Field(100, ge=1, le=10_000, description="most files in one commit")
    batch_ms: Milliseconds = Field(50, description="longest wait for a commit to fill, in milliseconds")
    busy_timeout_ms: Milliseconds = Field(
        5000, description="longest wait for a database lock, in milliseconds"
    )
    feed_retention_commits: int = Field(
        10_000, ge=1, le=10_000_000, description="commits whose changes can still be asked for"
    )
    check_interval_s: Seconds = Field(
        21_600.0, description="time between checks of the database for damage, when idle, in seconds"
    )
    cache_mb: int = Field(16, ge=1, le=4096, description="page cache of the writer, in MiB")


class WatchConfig(Section):
    """Watching the file system."""

    debounce_ms: Milliseconds = Field(50, description="longest time events are gathered, in milliseconds")
    step_ms: Milliseconds = Field(5, description="quiet time that ends the gathering, in milliseconds")
    reconcile_interval_s: Seconds = Field(
        30.0, description="time between comparisons of the whole tree with the index, in seconds"
    )
    polling: When = Field("auto", description="poll instead of inotify; auto: where inotify cannot be used")


class ServerConfig(Section):
    """The socket the daemon answers on."""

    max_frame_bytes: int = Field(
        16 * 1024 * 1024, ge=1024, le=1024**3, description="largest message accepted, in bytes"
    )
    max_requests_per_connection: int = Field(
        64, ge=1, le=10_000, description="requests of one connection answered at a time"
    )
    max_connections: int = Field(512, ge=1, le=100_000, description="most open connections")
    sync_timeout_s: Seconds = Field(
        30.0, description="longest wait for the index to catch up with the disk, in seconds"
    )
    subscriber_buffer: int = Field(
        1000, ge=1, le=1_000_000, description="commits kept for a slow subscriber before it must rescan"
    )


class ClientConfig(Section):
    """The commands that talk to the daemon."""

    start_timeout_s: Seconds = Field(20.0, description="longest wait for a daemon to start, in seconds")
    max_adhoc_files: int = Field(
        20_000,
        ge=0,
        le=10_000_000,
        description="most files indexed to answer without a daemon; more need one",
    )


class DaemonConfig(Section):
    """The daemon's life."""

    idle_exit_s: int = Field(
        0,
        ge=0,
        le=31_536_000,
        description="the daemon ends after this time without a client, in seconds; 0: never",
    )


class HttpConfig(Section):
    """The listener for monitoring, on loopback: health, readiness, metrics. Needs the extra ``http``."""

    port: int = Field(0, ge=0, le=65_535, description="port on 127.0.0.1; 0: none")


class LogsConfig(Section):
    """The log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least severe event logged"
    )
    format: Literal["auto", "console", "json", "journal"] = Field(
        "auto",
        description="console or json lines, or systemd's journal; auto: console on a terminal, journal where "
        "standard error goes there, else json",
    )


class EmbedConfig(Section):
    """Vectors for search by meaning. Needs the extra `semantic`."""

    enabled: bool = Field(False, description="keep vectors up to date in the daemon")
    model: Text = Field(
        "", description="model that embeds; empty: the embedded one, or the endpoint's usual one"
    )
    base_url: Url = Field(
        "", description="OpenAI-compatible endpoint, ending in /v1, that source text is sent to; empty: none"
    )
    api_key_env: VariableName = Field(
        "OPENAI_API_KEY", description="environment variable that holds the key of the endpoint; empty: no key"
    )
    batch_items: int = Field(100, ge=1, le=2048, description="most texts in one request")
    requests_per_minute: PerMinute = Field(
        0, description="requests aimed at in a minute; 0: 80 % of the provider's preset"
    )
    tokens_per_minute: PerMinute = Field(0, description="tokens aimed at in a minute; 0: no limit")
    max_workers: Calls = Field(8, description="requests at a time")


class SummarizeConfig(Section):
    """Summaries by a chat model. Needs the extra `enrich`."""

    enabled: bool = Field(False, description="keep summaries up to date in the daemon")
    provider: Literal["openai", "anthropic", "google", "local"] = Field(
        "openai", description="how the model is spoken to; local: an OpenAI-compatible server of your own"
    )
    model: Text = Field("", description="model that summarizes; empty: none, and nothing is sent")
    base_url: Url = Field(
        "", description="endpoint that source text is sent to, ending in /v1; empty: the provider's own"
    )
    api_key_env: VariableName = Field(
        "", description="environment variable that holds the key; empty: the provider's usual one"
    )
    max_tokens: int = Field(0, ge=0, le=1_000_000_000_000, description="tokens a run may use; 0: no budget")
    max_cost: Dollars = Field(0.0, description="what a run may cost, in US dollars; 0: no budget")
    input_price: Dollars = Field(
        0.0, description="price of a million tokens read, in US dollars; 0: as known of the model"
    )
    output_price: Dollars = Field(
        0.0, description="price of a million tokens written, in US dollars; 0: as known of the model"
    )
    requests_per_minute: PerMinute = Field(
        0, description="requests aimed at in a minute; 0: 80 % of the provider's preset"
    )
    tokens_per_minute: PerMinute = Field(0, description="tokens aimed at in a minute; 0: no limit")
    max_workers: Calls = Field(50, description="requests at a time")


class EnrichConfig(Section):
    """What models add to the index."""

    embed: EmbedConfig = EmbedConfig()
    summarize: SummarizeConfig = SummarizeConfig()


class HubConfig(Section):
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
    tables = config.model_dump(mode="json")
    values: dict[str, Any] = {}
    for section, model in section_models().items():
        table = tables
        for name in section.split("."):
            table = table[name]
        values |= {f"{section}.{key}": table[key] for key in model.model_fields}
    return values


def _sections_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[Section]]]:
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            inner = dict(_sections_of(section, f"{prefix}{name}."))
            yield from inner.items() if inner else [(prefix + name, section)]
