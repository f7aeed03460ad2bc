from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from remora_hub.query import testing

Ask = Callable[..., Awaitable[Any]]

FILES = {
    "lib.py": """
        class Engine:
            def __init__(self):
                self.tune()
            def tune(self):
                low()
            def start(self): ...

        def low(): ...
        def middle(): low()
        def high(): middle()
        def higher(): high()
        def highest(): higher()
        def deep(): highest()
        def unrelated(): ...
        LIMIT = 3
        """,
    "tests/conftest.py": """
        import pytest
        from lib import Engine, high

        @pytest.fixture
        def engine():
            return Engine()

        @pytest.fixture(name="warm")
        def warm_engine(engine):
            return engine

        @pytest.fixture
        def shadowed():
            high()
        """,
    "tests/test_direct.py": """
        import pytest
        from lib import LIMIT, Engine, low, middle
        import lib

        CASES = [Engine]

        def helper():
            return low()

        def test_low(): low()
        def test_reference(): return lib.low
        def test_helper(): helper()
        def test_cases():
            for case in CASES: ...
        @pytest.mark.parametrize("made", [Engine])
        def test_parametrized(made): ...
        def test_limit():
            assert LIMIT
        def test_nested():
            def inner():
                middle()
            inner()
        """,
    "tests/sub/test_fixtures.py": """
        import pytest

        @pytest.fixture
        def shadowed(): ...

        def test_engine(engine): ...
        def test_warm(warm): ...
        def test_shadowed(shadowed): ...
        def not_a_test(engine): ...

        class TestMarked:
            @pytest.mark.usefixtures("engine")
            def test_marked(self): ...
        """,
    "tests/test_case.py": """
        import unittest
        from lib import Engine, unrelated

        class EngineTest(unittest.TestCase):
            def setUp(self):
                self.engine = Engine()
            def test_start(self):
                self.engine.start()
            def test_nothing(self): ...
        """,
}


def short(found: list[Any]) -> dict[str, tuple[int, list[str]]]:
    def name(key: str) -> str:
        return key.rpartition(":")[2]

    return {name(one.item.key): (one.distance, [name(key) for key in one.via]) for one in found}


async def found_tests(ask: Ask, key: str) -> dict[str, tuple[int, list[str]]]:
    return short(await ask(FILES, lambda index: testing.tests_of(index, f"node:{key}")))


async def exercised(ask: Ask, key: str) -> dict[str, tuple[int, list[str]]]:
    return short(await ask(FILES, lambda index: testing.exercised_by(index, f"node:{key}")))


async def test_tests_mention_a_symbol_or_reach_it_along_calls_the_nearest_first(ask: Ask) -> None:
    found = await found_tests(ask, "lib.py:low")
    assert list(found)[:2] == ["test_low", "test_reference"]
    assert {name: one for name, one in found.items() if one[0] < 4} == {
        "test_low": (1, []),
        "test_reference": (1, []),
        "test_helper": (2, ["helper"]),
        "test_nested": (2, ["middle"]),
    }
    assert [distance for distance, _ in found.values()] == sorted(distance for distance, _ in found.values())


async def test_a_symbol_far_behind_others_has_no_tests(ask: Ask) -> None:
    assert await found_tests(ask, "lib.py:deep") == {}
    assert await found_tests(ask, "lib.py:unrelated") == {}  # an import alone exercises nothing
    assert await found_tests(ask, "lib.py:none") == {}


async def test_fixtures_set_ups_decorators_and_shared_values_lead_to_tests(ask: Ask) -> None:
    assert await found_tests(ask, "lib.py:Engine") == {
        "TestMarked.test_marked": (2, ["engine"]),
        "test_engine": (2, ["engine"]),
        "EngineTest.test_start": (2, ["EngineTest.setUp"]),
        "EngineTest.test_nothing": (2, ["EngineTest.setUp"]),
        "test_parametrized": (1, []),
        "test_cases": (2, ["CASES"]),
        "test_warm": (3, ["engine", "warm_engine"]),
    }


async def test_what_a_constructor_calls_is_tested_by_who_constructs(ask: Ask) -> None:
    found = await found_tests(ask, "lib.py:Engine.tune")
    assert found["test_parametrized"] == (3, ["Engine.__init__", "Engine"])
    assert found["test_engine"] == (4, ["Engine.__init__", "Engine", "engine"])


async def test_a_fixture_nearer_to_the_test_hides_one_of_the_same_name(ask: Ask) -> None:
    assert await found_tests(ask, "lib.py:high") == {}


async def test_variables_are_tested_by_mentions(ask: Ask) -> None:
    assert await found_tests(ask, "lib.py:LIMIT") == {"test_limit": (1, [])}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("tests/test_direct.py:test_helper", {"low": (2, ["helper"])}),
        ("tests/test_direct.py:test_nested", {"middle": (1, []), "low": (2, ["middle"])}),
        ("tests/test_case.py:EngineTest.test_start", {
            "Engine.start": (1, []),
            "Engine": (2, ["EngineTest.setUp"]),
            "Engine.__init__": (3, ["EngineTest.setUp", "Engine"]),
            "Engine.tune": (4, ["EngineTest.setUp", "Engine", "Engine.__init__"]),
        }),
        ("tests/sub/test_fixtures.py:test_warm", {
            "Engine": (3, ["warm_engine", "engine"]),
            "Engine.__init__": (4, ["warm_engine", "engine", "Engine"]),
        }),
        ("tests/sub/test_fixtures.py:test_shadowed", {}),
        ("tests/none.py:test", {}),
    ],
)  # fmt: skip
async def test_a_test_exercises_what_it_calls_with_its_helpers_fixtures_and_set_up(
    ask: Ask, test: str, expected: dict[str, tuple[int, list[str]]]
) -> None:
    assert await exercised(ask, test) == expected


async def test_calls_in_a_circle_end(ask: Ask) -> None:
    sources = {
        "m.py": "def a(): b()\ndef b(): a()\n",
        "test_m.py": "from m import a\ndef test(): a()\n",
    }
    assert short(await ask(sources, lambda index: testing.tests_of(index, "node:m.py:b"))) == {
        "test": (2, ["a"])
    }
    assert short(await ask({}, lambda index: testing.exercised_by(index, "node:test_m.py:test"))) == {
        "a": (1, []),
        "b": (2, ["a"]),
    }
