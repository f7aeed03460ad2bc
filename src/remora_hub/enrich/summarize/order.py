"""The order in which each comes behind what it needs, as far as there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name")


def needed_first(
    needs: Mapping[Name, Sequence[Name]], within_circle: Callable[[Name], tuple[object, ...]]
) -> list[Name]:
    """All names; each behind those it needs, names that are no keys of ``needs`` left out.

    Those that need each other in a circle stand together, sorted by ``within_circle``. The order is that of Tarjan's
    strongly connected components (SIAM Journal on Computing 1 (2), 1972), without recursion: call chains are long.
    """
    return [name for circle in _components(needs) for name in sorted(circle, key=within_circle)]


def _components(needs: Mapping[Name, Sequence[Name]]) -> Iterator[list[Name]]:
    number: dict[Name, int] = {}  # in the order of discovery
    lowest: dict[
        Name, int
    ] = {}  # the first discovered that can be reached, of those that are in no component yet
    waiting: list[Name] = []
    done: set[Name] = set()
    for root in needs:
        path: list[tuple[Name, Iterator[Name]]] = []
        following: Name | None = None if root in number else root
        while path or following is not None:
            if following is not None:
                number[following] = lowest[following] = len(number)
                waiting.append(following)
                path.append((following, iter(needs[following])))
            name, rest = path[-1]
            following = None
            for one in rest:
                if one in number:
                    if one not in done:
                        lowest[name] = min(lowest[name], number[one])
                elif one in needs:
                    following = one
                    break
            if following is None:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[name])
                if lowest[name] == number[name]:
                    component = _taken_from(waiting, name)
                    done.update(component)
                    yield component


def _taken_from(waiting: list[Name], name: Name) -> list[Name]:
    """What was discovered since ``name``, itself included, taken off the end."""
    component = [waiting.pop()]
    while component[-1] != name:
        component.append(waiting.pop())
    return component
