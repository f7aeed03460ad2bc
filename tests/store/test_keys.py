from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remora_hub.store.keys import prefix_end, prefix_range

texts = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from("%_:/\n\ud7ff\U0010ffff\ue000"), max_size=6
)


@given(prefix=texts, text=texts)
def test_a_range_holds_exactly_what_begins_with_the_prefix(prefix, text):
    start, end = prefix_range(prefix)
    for candidate in (text, prefix + text):
        inside = candidate.encode() >= start.encode() and (
            isinstance(end, bytes) or candidate.encode() < end.encode()
        )
        assert inside == candidate.startswith(prefix)


def test_nothing_is_greater_than_all_that_begins_with_the_last_character():
    assert prefix_end("\U0010ffff") is None
    assert prefix_end("") is None


async def test_listing_keys_takes_nothing_in_a_prefix_for_a_wildcard(store, replaced):
    paths = ["a_b.py", "axb.py", "A_b.py", "a%.py", "a\n.py", "a_b.py:c.py"]
    await store.apply([replaced(path, ["f", "ff", "g"]) for path in paths])
    everything = await store.list_keys("")
    assert everything == sorted(
        f"{kind}:{p}{s}"
        for p in paths
        for kind, s in (("file", ""), ("node", ":f"), ("node", ":ff"), ("node", ":g"))
    )
    for prefix in [
        "node:a_b.py:",
        "node:a_b.py:f",
        "node:a%",
        "node:a\n",
        "node:A",
        "no",
        "node:",
        "file:a_",
        "x",
        "node:a_b.py:c",
    ]:
        assert await store.list_keys(prefix) == [key for key in everything if key.startswith(prefix)]


async def test_export_is_sorted_by_key_even_where_paths_hold_colons(store, replaced):
    paths = ["a.py", "a.py:b.py", "a.pyi", "a-b.py", "a/b.py"]
    await store.apply([replaced(path, ["aa", "zz"]) for path in paths])
    keys = [key for key, _body in store.reader.export_rows()]
    assert keys == sorted(f"node:{path}:{name}" for path in paths for name in ("aa", "zz"))
