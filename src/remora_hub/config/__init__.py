"""The hub's configuration: the model, its sources in order, and errors that say what is allowed."""

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
