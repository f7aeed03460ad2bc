from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from remora_hub.client import AsyncClient, connect_async
from remora_hub.errors import HubError, NotRunningError, UsageError

FRESH = {"index_id": "i", "sequence": 7, "pending": 0}
Hub = Any  # conftest's


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[AsyncClient]:
    async with await connect_async(hub.paths.root) as made:
        yield made


async def test_requests_run_at_a_time_and_each_gets_its_own_answer(hub: Hub, client: AsyncClient) -> None:
    hub.handlers["hub/changes"] = lambda _: None
    asked = [asyncio.create_task(client.changes(number)) for number in range(5)]
    last = await asyncio.to_thread(hub.wait_for, "hub/changes", 5)
    assert last["params"]["since"] == 4
    for message in reversed(hub.seen):
        answer = {"commits": [], "more": False, **FRESH, "sequence": message["params"]["since"]}
        hub.answer(message["id"], answer)
    assert [(await task).sequence for task in asked] == [0, 1, 2, 3, 4]


async def test_a_cancelled_task_cancels_its_request_in_the_hub(hub: Hub, client: AsyncClient) -> None:
    hub.handlers["hub/sync"] = lambda _: None
    task = asyncio.create_task(client.sync())
    request = await asyncio.to_thread(hub.wait_for, "hub/sync")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    cancelled = await asyncio.to_thread(hub.wait_for, "$/cancelRequest")
    assert cancelled["params"] == {"id": request["id"]}
    hub.handlers["hub/sync"] = lambda _: FRESH
    assert (await client.sync()).sequence == 7, "the connection lives on"


async def test_a_request_whose_time_is_over_is_cancelled_in_the_hub(hub: Hub) -> None:
    hub.handlers["hub/sync"] = lambda _: None
    async with await connect_async(hub.paths.root, timeout_s=0.05) as client:
        with pytest.raises(HubError, match="no answer to hub/sync"):
            await client.sync()
        await asyncio.to_thread(hub.wait_for, "$/cancelRequest")


async def test_an_answer_that_comes_after_its_time_is_nobody_elses(hub: Hub) -> None:
    hub.handlers["hub/sync"] = lambda _: None
    async with await connect_async(hub.paths.root, timeout_s=0.2) as client:
        with pytest.raises(HubError):
            await client.sync()
        late = hub.wait_for("hub/sync")["id"]
        hub.handlers["hub/sync"] = lambda _: FRESH
        hub.answer(late, {**FRESH, "sequence": 0})
        assert (await client.sync(10)).sequence == 7


async def test_errors_of_the_hub_are_raised_as_they_were(hub: Hub, client: AsyncClient) -> None:
    def refuse(params: dict[str, Any]) -> object:
        raise UsageError("show", params["key"], "no such node in the index")

    hub.handlers["hub/node"] = refuse
    with pytest.raises(UsageError, match="cannot show node:a"):
        await client.node("a.py:f")


async def test_requests_on_a_connection_that_breaks_are_asked_again_on_a_new_one(
    hub: Hub, client: AsyncClient
) -> None:
    hub.handlers["hub/sync"] = lambda _: FRESH
    await client.sync()
    hub.handlers["hub/sync"] = lambda _: None
    asked = [asyncio.create_task(client.sync()) for _ in range(3)]
    await asyncio.to_thread(hub.wait_for, "hub/sync", 4)
    hub.handlers["hub/sync"] = lambda _: FRESH
    hub.hang_up()
    assert [(await task).sequence for task in asked] == [7, 7, 7]


async def test_a_closed_client_answers_nothing_more_and_wakes_who_waits(
    hub: Hub, client: AsyncClient
) -> None:
    hub.handlers["hub/status"] = lambda _: None
    waiting = asyncio.create_task(client.status())
    await asyncio.to_thread(hub.wait_for, "hub/status")
    await client.close()
    with pytest.raises(HubError, match="this client is closed"):
        await waiting
    with pytest.raises(HubError, match="this client is closed"):
        await client.sync()


async def test_a_hub_that_went_away_is_not_running(hub: Hub) -> None:
    hub.handlers["hub/status"] = lambda _: {"state": "ready"}
    async with await connect_async(hub.paths.root) as client:
        await client.status()
        hub.close()
        with pytest.raises(NotRunningError):
            await client.status()


@pytest.mark.parametrize("noise", [b"HTTP/1.1 400\r\n\r\n", b"x" * 200_000, b"Content-Length: 1\r\n\r\n{"])
async def test_another_protocol_is_an_error_not_a_crash(hub: Hub, client: AsyncClient, noise: bytes) -> None:
    hub.handlers["hub/status"] = lambda _: None
    asking = asyncio.create_task(client.status())
    await asyncio.to_thread(hub.wait_for, "hub/status")
    with suppress(ConnectionError):  # the client hangs up at the first of it
        await asyncio.to_thread(hub.send_raw, noise)
    with pytest.raises(HubError, match="cannot understand"):
        await asking


async def test_without_a_daemon_this_process_answers_and_the_loop_goes_on(project: Path) -> None:
    async with await connect_async(project) as client:
        both = await asyncio.gather(client.symbols("area"), client.outline("shapes.py"))
    assert [answer.served_by for answer in both] == ["local", "local"]
    assert [node.qualname for node in both[1].nodes] == ["<module>", "area", "volume"]


async def test_a_client_starts_the_daemon(project: Path) -> None:
    async with await connect_async(project, start=True) as client:
        found = await client.symbols("area", sync=True)
    assert (found.symbols[0].name, found.served_by) == ("area", "daemon")
