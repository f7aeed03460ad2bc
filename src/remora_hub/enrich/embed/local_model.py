"""The embedded models: their weights come in a package, so they load with no network. They run off the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING

from remora_hub.enrich.answer import Answer
from remora_hub.enrich.embed.model import DEFAULT_MODEL, FAST_MODEL
from remora_hub.enrich.providers import Limits
from remora_hub.errors import ConfigError

if TYPE_CHECKING:
    from remora_hub.enrich.embed.vectors import Matrix

    Encoder = Callable[[Sequence[str]], Matrix]


def _load_minilm() -> Encoder:
    from remora_hub.enrich.embed.minilm import MiniLM

    return MiniLM().encode


def _load_wordllama() -> Encoder:
    from remora_hub.enrich.embed.word_llama import WordLlamaModel

    return WordLlamaModel().encode


_NICE = 5

_LOADERS: Mapping[str, Callable[[], Encoder]] = MappingProxyType(
    {DEFAULT_MODEL: _load_minilm, FAST_MODEL: _load_wordllama}
)


class LocalModel:
    """An ``EmbeddingModel``; loaded when first asked, in a thread of its own: both release the interpreter's lock."""

    def __init__(self, name: str) -> None:
        """Raises ConfigError if no embedded model has this name."""
        if name not in _LOADERS:
            raise ConfigError("embed with", name, f"the embedded models are {', '.join(_LOADERS)}")
        self.name = name
        self.provider = "embedded"
        self.limits = Limits()
        self.most_texts = 64
        self.max_workers = 1
        self._encoder: Encoder | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedding")

    async def prepare(self) -> None:
        """Load the weights. Raises ConfigError where its packages are missing."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    async def embed(self, texts: Sequence[str]) -> Answer[Matrix]:
        """Rows for the texts; nobody counts tokens. Raises what ``prepare`` does."""
        return Answer(await asyncio.get_running_loop().run_in_executor(self._thread, self._encode, texts))

    async def close(self) -> None:
        """Forget it; what is under way is finished."""
        self._thread.shutdown(wait=False)
        self._encoder = None

    def _encode(self, texts: Sequence[str]) -> Matrix:
        return self._load()(texts)

    def _load(self) -> Encoder:
        if self._encoder is None:
            # Of this thread and those it starts: who waits for an answer comes first.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
            self._encoder = _LOADERS[self.name]()
        return self._encoder
