"""The three pages: ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from remora_hub.http.guard import TRUSTED
from remora_hub.http.monitored import Monitored
from remora_hub.metrics.exposition import CONTENT_TYPE, prometheus_text


def make_application(hub: Monitored) -> Starlette:
    """The pages of one hub. ``HEAD`` is answered as ``GET`` is; other methods get 405."""
    pages = Pages(hub)
    return Starlette(
        routes=[
            Route("/healthz", pages.healthz),
            Route("/readyz", pages.readyz),
            Route("/metrics", pages.metrics),
        ]
    )


class Pages:
    """Answers for one hub."""

    def __init__(self, hub: Monitored) -> None:
        self._hub = hub

    async def healthz(self, _request: Request) -> Response:
        """200 as long as the event loop turns."""
        return PlainTextResponse("alive\n")

    async def readyz(self, request: Request) -> Response:
        """200 while the index is kept true, else 503; state and reasons, in full for who shows the token."""
        state = self._hub.state()
        reasons = [
            {"part": reason.part, "problem": reason.problem, "remedy": reason.remedy}
            if request.scope[TRUSTED]
            else {"part": reason.part}
            for reason in self._hub.problems()
        ]
        return JSONResponse({"state": state, "reasons": reasons}, 200 if state == "ready" else 503)

    async def metrics(self, _request: Request) -> Response:
        """Prometheus' text format."""
        samples = await self._hub.metrics()
        return Response(await asyncio.to_thread(prometheus_text, samples), media_type=CONTENT_TYPE)
