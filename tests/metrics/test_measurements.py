"""A real hub on a small root, asked for its metrics."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from remora_hub.client.blocking import BlockingClient
from remora_hub.daemon.hub import Hub
from remora_hub.errors import HubError
from remora_hub.metrics import catalogue
from remora_hub.metrics.catalogue import Samples
from remora_hub.metrics.histogram import Distribution
from remora_hub.pipeline.change_queue import Priority
from remora_hub.wire import ProtocolError


async def until_level(hub: Hub) -> Samples:
    """The kernel may tell of a file once more behind a sync; nothing announces that this is done with."""
    async with asyncio.timeout(60):
        while (found := await hub.metrics())[catalogue.LAG_SECONDS] != 0:  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.01)
    return found


async def test_every_metric_of_the_catalogue_is_measured_and_no_other(hub: Hub) -> None:
    assert set(await hub.metrics()) == set(catalogue.ALL)


async def test_what_was_done_is_counted(hub: Hub) -> None:
    (hub.root / "unfinished").write_text("y = 1\n")
    (hub.root / "unfinished").rename(
        hub.root / "three.py"
    )  # in one step: what is half written may be parsed, too
    await hub.sync(None)
    found = await until_level(hub)
    assert found[catalogue.FILES] == {"indexed": 3}
    assert found[catalogue.STATE] == {"starting": 0, "indexing": 0, "ready": 1, "degraded": 0}
    parsed, committed = found[catalogue.PARSE_SECONDS], found[catalogue.COMMIT_SECONDS]
    assert isinstance(parsed, Distribution)
    assert isinstance(committed, Distribution)
    assert parsed.count == 3
    assert committed.count >= 2
    assert found[catalogue.FILES_PROCESSED] >= 1  # type: ignore[operator]


async def test_requests_are_timed_by_method_and_failures_counted(hub: Hub, client: BlockingClient) -> None:
    def ask() -> None:
        client.call("hub/symbols", {"query": "one"})
        for method, params in (("hub/nonsense", {}), ("hub/node", {"key": "node:none"}), ("hub/node", {})):
            with pytest.raises((HubError, ProtocolError)):
                client.call(method, params)

    await asyncio.to_thread(ask)
    found = await hub.metrics()
    requests, errors = found[catalogue.REQUEST_SECONDS], found[catalogue.ERRORS]
    assert isinstance(requests, dict)
    assert isinstance(errors, dict)
    assert set(requests) == {"hub/symbols", "hub/node"}
    assert requests["hub/node"].count == 1
    assert errors["request_invalid"] == 2
    assert errors["request_refused"] == 1


async def test_the_age_of_the_oldest_change_grows_until_it_is_stored(hub: Hub) -> None:
    session = hub._sessions.current
    await until_level(hub)
    await session.queue.put("one.py", Priority.CHANGED)
    assert session.lag_s > 0
    await hub.sync(None)
    await until_level(hub)
    assert session.lag_s == 0


async def test_metrics_come_over_the_socket_as_values_and_as_text(client: BlockingClient) -> None:
    values = await asyncio.to_thread(client.call, "hub/metrics")
    assert set(values["metrics"]) == {metric.name for metric in catalogue.ALL}
    assert values["metrics"]["commit_seconds"]["counts"]
    text = (await asyncio.to_thread(client.call, "hub/metrics", {"format": "prometheus"}))["text"]
    families = {family.name for family in text_string_to_metric_families(text)}
    assert families == {f"remora_hub_{metric.name}" for metric in catalogue.ALL}
