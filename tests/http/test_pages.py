from __future__ import annotations

import json
from typing import Any

from remora_hub.daemon.status import Problem

NO_DISK = Problem("store", "the disk of /home/me is full", "free space")


async def test_health_is_told_to_everybody_on_the_machine(listener: Any) -> None:
    found = await listener.get("/healthz")
    assert (found.status, found.body) == (200, "alive\n")


async def test_a_ready_hub_is_ready(listener: Any) -> None:
    found = await listener.get("/readyz")
    assert (found.status, json.loads(found.body)) == (200, {"state": "ready", "reasons": []})


async def test_a_hub_that_is_not_ready_says_why_in_full_only_to_who_shows_the_token(listener: Any) -> None:
    listener.hub.state = "degraded"
    listener.hub.problems = [NO_DISK]
    stranger = await listener.get("/readyz")
    assert stranger.status == 503
    assert json.loads(stranger.body) == {"state": "degraded", "reasons": [{"part": "store"}]}
    friend = await listener.get("/readyz", token=listener.token)
    assert friend.status == 503
    assert json.loads(friend.body)["reasons"] == [
        {"part": "store", "problem": NO_DISK.problem, "remedy": NO_DISK.remedy}
    ]


async def test_a_hub_that_is_still_indexing_is_alive_and_not_ready(listener: Any) -> None:
    listener.hub.state = "indexing"
    assert (await listener.get("/healthz")).status == 200
    assert (await listener.get("/readyz")).status == 503


async def test_metrics_are_prometheus_text(listener: Any) -> None:
    found = await listener.get("/metrics", token=listener.token)
    assert found.status == 200
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "remora_hub_queue_depth 3.0\n" in found.body


async def test_other_pages_and_methods_are_refused(listener: Any) -> None:
    assert (await listener.get("/etc/passwd", token=listener.token)).status == 404
    host, token = f"Host: 127.0.0.1:{listener.port}", f"Authorization: Bearer {listener.token}"
    assert (await listener.send("POST /metrics HTTP/1.1", host, token, "Content-Length: 0")).status == 405
    head = await listener.send("HEAD /healthz HTTP/1.1", host)
    assert (head.status, head.body) == (200, "")
