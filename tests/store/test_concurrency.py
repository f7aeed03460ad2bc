from __future__ import annotations

import asyncio
import json

from remora_hub.store import Horizon


async def test_readers_beside_the_writer_see_old_or_new_but_never_a_mix(store, replaced):
    paths = ["a.py", "b.py", "c.py"]

    def generation(number):
        nodes = [{"name": f"f{n}", "digest": str(number)} for n in range(10 + number % 7)]
        return [replaced(path, nodes, digest=str(number)) for path in paths]

    await store.apply(generation(0))
    done = asyncio.Event()
    seen = set()

    def look(reader):
        # One read transaction over three files that always change together.
        texts = reader.node_records([f"node:{path}:f{n}" for path in paths for n in range(17)])
        return [json.loads(text)["digest"] for text in texts.values()]

    async def watch():
        while not done.is_set():
            digests = await store.read(look)
            assert len(set(digests)) == 1
            assert len(digests) == 3 * (10 + int(digests[0]) % 7)
            seen.add(digests[0])
            assert len({state.digest for state in await store.get_by_file("b.py")}) == 1

    watchers = [asyncio.create_task(watch()) for _ in range(3)]
    for number in range(1, 150):
        await store.apply(generation(number))
    done.set()
    await asyncio.gather(*watchers)
    assert len(seen) > 1


async def test_a_number_is_visible_only_with_all_that_it_numbers(store, replaced):
    done = asyncio.Event()

    async def follow():
        since = 0
        while not done.is_set() or since < store.sequence():
            commits = await store.changes_since(since)
            assert not isinstance(commits, Horizon)
            for commit in commits:
                assert commit.seq == since + 1
                since = commit.seq
                assert await store.get(f"node:a{since}.py:f") is not None
        return since

    follower = asyncio.create_task(follow())
    for number in range(1, 80):
        await store.apply([replaced(f"a{number}.py", ["f"])])
    done.set()
    assert await follower == 79
