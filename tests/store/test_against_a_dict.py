"""The store compared with a plain dict under random changes, closing and reopening in between."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from remora_hub.store import FileOmitted, FileRemoved, NodeStateStore

paths = st.sampled_from(["a.py", "a.pyi", "a.py:b.py", "d/a.py", "d/%.py"])
nodes = st.dictionaries(st.sampled_from(["f", "C", "C.m", "f#2"]), st.sampled_from(["1", "2"]))


class StoreMachine(RuleBasedStateMachine):
    def __init__(self, replaced):
        super().__init__()
        self.replaced = replaced
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "hub.db"
        self.loop = asyncio.new_event_loop()
        self.records: dict[str, dict[str, str]] = {}
        self.versions: dict[str, int] = {}
        self.told: dict[str, str] = {}
        self.open()

    def open(self):
        self.store = self.loop.run_until_complete(NodeStateStore.open(self.path, extractor_version=1))

    def apply(self, changes):
        commit = self.loop.run_until_complete(self.store.apply(changes))
        digests = {
            f"node:{path}:{name}": digest for path, of in self.records.items() for name, digest in of.items()
        }
        for change in commit.changes:
            if change.kind == "removed":
                del self.told[change.key]
            elif change.kind == "moved" and change.from_key:
                assert self.told.pop(change.from_key) == digests[change.key]
                self.told[change.key] = digests[change.key]
            else:
                assert (change.key in self.told) == (change.kind != "added")
                self.told[change.key] = digests[change.key]
        assert self.told == digests

    @rule(files=st.dictionaries(paths, nodes, min_size=1))
    def replace(self, files):
        changes = []
        for path, of in files.items():
            before = self.records.get(path, {})
            for name in before.keys() - of.keys():
                del self.versions[f"node:{path}:{name}"]
            for name, digest in of.items():
                if before.get(name) != digest:
                    key = f"node:{path}:{name}"
                    self.versions[key] = self.versions.get(key, 0) + 1
            self.records[path] = dict(of)
            specs = [{"name": name, "digest": digest, "line": 1} for name, digest in of.items()]
            changes.append(self.replaced(path, specs))
        self.apply(changes)

    @rule(gone=st.sets(paths, min_size=1), omitted=st.booleans())
    def drop(self, gone, omitted):
        for path in gone:
            for name in self.records.pop(path, {}):
                del self.versions[f"node:{path}:{name}"]
            if omitted:
                self.records[path] = {}
        self.apply(
            [FileOmitted(path=p, status="unreadable") if omitted else FileRemoved(path=p) for p in gone]
        )

    @rule()
    def reopen(self):
        self.loop.run_until_complete(self.store.close())
        self.open()

    @rule()
    def collect(self):
        collected = self.loop.run_until_complete(self.store.gc())
        assert (collected.facts, collected.records) == (0, 0)

    @invariant()
    def same_records(self):
        reader = self.store.reader
        keys = [f"node:{path}:{name}" for path, of in self.records.items() for name in of]
        assert [key for key, _body in reader.export_rows()] == sorted(keys)
        assert reader.list_keys("") == sorted(keys + [f"file:{path}" for path in self.records])
        stored = {key: json.loads(text) for key, text in reader.node_records(keys).items()}
        assert {key: record["version"] for key, record in stored.items()} == self.versions
        for path, of in self.records.items():
            assert {name: stored[f"node:{path}:{name}"]["digest"] for name in of} == of
        assert reader.stats().nodes == len(keys)

    def teardown(self):
        assert self.store.reader.integrity_check() == []
        self.loop.run_until_complete(self.store.close())
        self.loop.close()
        self.directory.cleanup()


def test_the_store_behaves_like_a_dict_of_files(replaced):
    run_state_machine_as_test(
        lambda: StoreMachine(replaced),
        settings=settings(max_examples=25, stateful_step_count=15, deadline=None),
    )
