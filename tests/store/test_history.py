from __future__ import annotations

import asyncio

from remora_hub.store import FileOmitted, FileRemoved, NodeStateStore

KEY = "node:a.py:f"


async def save(store, replaced, **fields):
    """Save the function as given, its digest made of what is given, and return its record."""
    node = {"name": "f", "digest": str(sorted(fields.items())), **fields}
    await store.apply([replaced("a.py", [node])])
    return await store.get(KEY)


async def test_a_record_counts_its_versions_and_keeps_when_it_was_made(store, replaced):
    first = await save(store, replaced, signature="(a)")
    second = await save(store, replaced, signature="(b)")
    assert (first.version, second.version) == (1, 2)
    assert second.created_at == first.created_at == first.updated_at
    assert second.updated_at >= second.created_at


async def test_history_survives_reopening(database, replaced):
    for expected in (1, 2, 3):
        async with await NodeStateStore.open(database, extractor_version=1) as store:
            assert (await save(store, replaced, signature=f"({expected})")).version == expected


async def test_a_node_removed_and_added_again_starts_anew(store, replaced):
    await save(store, replaced, signature="(a)")
    await save(store, replaced, signature="(b)")
    await store.apply([FileRemoved(path="a.py")])
    assert (await save(store, replaced, signature="(b)")).version == 1


async def test_a_docstring_is_outdated_once_the_signature_changes_alone(store, replaced):
    await save(store, replaced, signature="(a)", docstring="Add.")
    state = await save(store, replaced, signature="(a, b)", docstring="Add.")
    assert (state.docstring_outdated, state.documented_signature) == (True, "(a)")


async def test_an_outdated_docstring_stays_so_over_other_changes(store, replaced):
    await save(store, replaced, signature="(a)", docstring="Add.")
    await save(store, replaced, signature="(a, b)", docstring="Add.")
    state = await save(store, replaced, signature="(a, b, c)", docstring="Add.", complexity=3)
    assert (state.docstring_outdated, state.documented_signature, state.version) == (True, "(a)", 3)


async def test_a_new_docstring_is_up_to_date(store, replaced):
    await save(store, replaced, signature="(a)", docstring="Add.")
    await save(store, replaced, signature="(a, b)", docstring="Add.")
    state = await save(store, replaced, signature="(a, b)", docstring="Add two.")
    assert (state.docstring_outdated, state.documented_signature) == (False, None)


async def test_a_docstring_is_up_to_date_again_once_its_signature_returns(store, replaced):
    await save(store, replaced, signature="", docstring="Add.")
    outdated = await save(store, replaced, signature='("quoted\\")', docstring="Add.")
    assert (outdated.docstring_outdated, outdated.documented_signature) == (True, "")
    state = await save(store, replaced, signature="", docstring="Add.")
    assert (state.docstring_outdated, state.documented_signature) == (False, None)


async def test_without_a_docstring_nothing_is_outdated(store, replaced):
    await save(store, replaced, signature="(a)")
    assert not (await save(store, replaced, signature="(b)")).docstring_outdated


async def test_docstring_and_signature_changed_together_are_up_to_date(store, replaced):
    await save(store, replaced, signature="(a)", docstring="Add.")
    assert not (await save(store, replaced, signature="(b)", docstring="Add b.")).docstring_outdated


async def test_nodes_of_a_file_have_histories_of_their_own(database, replaced):
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        await store.apply([replaced("a.py", ["f", "g"])])
        await asyncio.sleep(0.002)  # times are kept to the millisecond
        await store.apply([replaced("a.py", ["f", {"name": "g", "digest": "x"}, "h"])])
        await asyncio.sleep(0.002)
        await store.apply([replaced("a.py", ["f", {"name": "g", "digest": "x"}, "h", "i"])])
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        f, g, h, i = await store.get_by_file("a.py")
        assert [node.version for node in (f, g, h, i)] == [1, 2, 1, 1]
        assert f.created_at == f.updated_at == g.created_at < g.updated_at == h.created_at
        assert h.created_at == h.updated_at < i.created_at == i.updated_at


async def test_a_file_that_was_omitted_for_a_while_starts_anew(store, replaced):
    await save(store, replaced, signature="(a)")
    await save(store, replaced, signature="(b)")
    await store.apply([FileOmitted(path="a.py", status="unreadable")])
    assert (await save(store, replaced, signature="(b)")).version == 1


async def test_export_leaves_history_out(store, replaced):
    await save(store, replaced, signature="(a)", docstring="Add.")
    await save(store, replaced, signature="(b)", docstring="Add.")
    [(key, body)] = store.reader.export_rows()
    assert key == KEY
    assert "outdated" not in body
    assert "version" not in body
    assert "created_at" not in body
