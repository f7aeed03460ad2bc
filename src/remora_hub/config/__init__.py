"""The hub's configuration: the model, its sources in order, and errors that say what is allowed.

It takes some 100 ms to import (pydantic), so only the daemon and the commands that index do.
"""

from remora_hub.config.load import LoadedConfig, allowed, has_ignored_table, load_config
from remora_hub.config.model import (
    ChangesConfig,
    ClientConfig,
    DaemonConfig,
    DiscoveryConfig,
    EmbedConfig,
    EnrichConfig,
    HubConfig,
    IndexConfig,
    LogsConfig,
    Section,
    ServerConfig,
    StoreConfig,
    SummarizeConfig,
    WatchConfig,
    section_models,
    values_by_name,
)

__all__ = [
    "ChangesConfig",
    "ClientConfig",
    "DaemonConfig",
    "DiscoveryConfig",
    "EmbedConfig",
    "EnrichConfig",
    "HubConfig",
    "IndexConfig",
    "LoadedConfig",
    "LogsConfig",
    "Section",
    "ServerConfig",
    "StoreConfig",
    "SummarizeConfig",
    "WatchConfig",
    "allowed",
    "has_ignored_table",
    "load_config",
    "section_models",
    "values_by_name",
]
