"""What a provider allows, and how much of that is aimed at."""

from __future__ import annotations

from dataclasses import dataclass

from remora_hub.errors import ConfigError

SAFETY_SHARE = 0.8

# Requests a minute of the lowest paid tiers, as published; tokens differ from model to model and have to be told.
REQUESTS_PER_MINUTE = {"openai": 3500, "anthropic": 1000, "google": 300, "local": 600}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is aimed at, share for safety taken off already. None: no limit.

    ``burst_s``: at most what these seconds allow is sent at once, for a provider may enforce its limit by the second.
    ``cool_down_s``: the pause behind a burst that used that up. ``arrival_slack_s``: the longest a request is taken to
    need until the provider has counted it; it counts here for that much longer, unless its answer comes before. With
    3 s at least 95 % of a limit can be used however long calls take.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    burst_s: float = 2.0
    cool_down_s: float = 0.5
    arrival_slack_s: float = 3.0

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "tokens_per_minute"):
            limit = getattr(self, name)
            if limit is not None and not limit > 0:
                raise ConfigError("limit calls", name, f"{limit} is not above 0")


def limits_for(
    provider: str,
    *,
    target_rpm: float | None = None,
    target_tpm: float | None = None,
    safety_share: float | None = None,
) -> Limits:
    """The limits to keep with ``provider``; one without a preset has only those that are told.

    A target is what is aimed at, as it stands. Of a preset, which is the provider's limit, 80 % are. A
    ``safety_share`` that is told holds for both. Raises ConfigError for a share outside of 0 to 1, or a target below 0.
    """
    if safety_share is not None and not 0 < safety_share <= 1:
        raise ConfigError("limit calls", "safety_share", f"{safety_share} is not above 0 and at most 1")
    preset = REQUESTS_PER_MINUTE.get(provider)
    requests = _share_of(target_rpm, safety_share or 1.0)
    if requests is None:
        requests = _share_of(preset, safety_share or SAFETY_SHARE)
    return Limits(requests, _share_of(target_tpm, safety_share or 1.0))


def _share_of(limit: float | None, share: float) -> float | None:
    return None if limit is None else limit * share
