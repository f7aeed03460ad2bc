"""Who is not answered: 403, nothing in it, and nothing that a page of another origin could read."""

from __future__ import annotations

from typing import Any

import pytest

PAGES = ("/healthz", "/readyz", "/metrics")


def assert_refused(found: Any) -> None:
    assert (found.status, found.body) == (403, "")
    assert_isolated(found)


def assert_isolated(found: Any) -> None:
    assert not [name for name in found.headers if name.startswith("access-control-")]
    assert found.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "no-store"
    assert "server" not in found.headers


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost:1", "127.0.0.1:80@evil"]
)
async def test_a_host_that_is_not_this_one_is_refused_token_or_not(
    listener: Any, page: str, host: str
) -> None:
    assert_refused(await listener.get(page, host=host, token=listener.token))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost", "http://localhost:1"])
async def test_a_page_of_another_origin_is_refused_token_or_not(
    listener: Any, page: str, origin: str
) -> None:
    assert_refused(await listener.get(page, f"Origin: {origin}", token=listener.token))
    assert_refused(await listener.get(page, "Sec-Fetch-Site: cross-site", token=listener.token))


async def test_two_hosts_none_and_two_tokens_are_refused(listener: Any) -> None:
    assert (await listener.get("/healthz", "Host: evil.example")).status == 400  # RFC 9112, section 3.2
    assert_refused(await listener.send("GET /healthz HTTP/1.0"))
    assert_refused(await listener.get("/metrics", "Authorization: Bearer x", token=listener.token))


@pytest.mark.parametrize(
    "target", ["/metrics", "/", "/nothing", "//healthz", "/healthz/", "/healthz/../metrics"]
)
async def test_all_but_health_wants_the_token(listener: Any, target: str) -> None:
    assert_refused(await listener.get(target))
    assert_refused(await listener.get(target, token="wrong"))
    assert_refused(await listener.get(target, f"Authorization: Basic {listener.token}"))
    assert_refused(await listener.get(target, f"Authorization: Bearer {listener.token[:-1]}"))


async def test_a_token_that_is_no_ascii_is_refused(listener: Any) -> None:
    assert_refused(await listener.get("/metrics", token="\xff\xe9"))


async def test_what_is_answered_is_isolated_too(listener: Any) -> None:
    assert_isolated(await listener.get("/healthz"))
    assert_isolated(await listener.get("/metrics", token=listener.token))
    assert_isolated(await listener.get("/nothing", token=listener.token))


async def test_localhost_by_name_is_this_host(listener: Any) -> None:
    assert (await listener.get("/healthz", host=f"localhost:{listener.port}")).status == 200
    assert (await listener.get("/healthz", host="LOCALHOST")).status == 200
