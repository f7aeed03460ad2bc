from __future__ import annotations

import pytest

from remora_hub.enrich import Limits
from remora_hub.enrich.providers import limits_for
from remora_hub.errors import ConfigError


@pytest.mark.parametrize(
    ("provider", "rpm"), [("openai", 3500), ("anthropic", 1000), ("google", 300), ("local", 600)]
)
def test_of_a_preset_four_fifths_are_used(provider: str, rpm: float) -> None:
    assert limits_for(provider).requests_per_minute == pytest.approx(0.8 * rpm)
    assert limits_for(provider, safety_share=0.5).requests_per_minute == 0.5 * rpm


def test_a_target_comes_before_the_preset_and_is_aimed_at_as_it_stands() -> None:
    limits = limits_for("openai", target_rpm=20_000, target_tpm=950_000)
    assert (limits.requests_per_minute, limits.tokens_per_minute) == (20_000, 950_000)
    limits = limits_for("openai", target_rpm=20_000, target_tpm=950_000, safety_share=0.8)
    assert (limits.requests_per_minute, limits.tokens_per_minute) == (16_000, 760_000)


def test_an_unknown_provider_has_no_limits_but_those_told() -> None:
    assert limits_for("mine") == Limits()
    assert limits_for("mine", target_tpm=10) == Limits(tokens_per_minute=10)


def test_what_makes_no_sense_is_refused() -> None:
    for wrong in ({"safety_share": 0.0}, {"safety_share": 1.1}, {"target_rpm": 0}, {"target_tpm": -5}):
        with pytest.raises(ConfigError):
            limits_for("openai", **wrong)
