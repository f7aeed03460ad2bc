"""What the containers of the standard library hold (typeshed's ``builtins`` and ``typing``)."""

from __future__ import annotations

from remora_hub.query.resolution.values import ExternalValue, InstanceValue, Value, Values

_OF_ONE = frozenset(
    (
        "list", "List", "set", "Set", "frozenset", "FrozenSet", "deque", "Deque", "Sequence", "MutableSequence",
        "Iterable", "Iterator", "Generator", "AsyncIterator", "AsyncIterable", "AsyncGenerator", "Collection",
        "AbstractSet", "MutableSet", "Counter", "KeysView", "ValuesView", "Queue",
    )
)  # fmt: skip
_OF_TWO = frozenset(
    (
        "dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "ChainMap",
        "WeakValueDictionary",
    )
)  # fmt: skip
_TUPLES = frozenset(("tuple", "Tuple"))


def element_values(value: ExternalValue) -> Values:
    """What iterating over a container gives."""
    if value.name in _TUPLES:
        return tuple(one for argument in value.arguments for one in argument)
    if (value.name in _OF_ONE or value.name in _OF_TWO) and value.arguments:
        return value.arguments[0]
    return (ExternalValue("str"),) if value.name == "str" else ()


def item_values(value: ExternalValue, key: bytes) -> Values:
    """What ``value[key]`` gives."""
    if value.name in _TUPLES:
        if key.isdigit() and int(key) < len(value.arguments):
            return value.arguments[int(key)]
        return element_values(value)
    if value.name in _OF_TWO and len(value.arguments) > 1:
        return value.arguments[1]
    if value.name in _OF_ONE and value.arguments:
        return value.arguments[0]
    return (ExternalValue("str"),) if value.name == "str" else ()


def method_values(value: ExternalValue, name: str) -> Values:
    """What ``value.name`` evaluates to: for a container's methods something whose call gives what it holds."""
    if value.is_class:
        return (ExternalValue(name, is_class=True),)
    one = element_values(value)
    if value.name in _OF_TWO and len(value.arguments) > 1:
        keys, values = value.arguments[0], value.arguments[1]
        pair: Value = ExternalValue("tuple", arguments=(keys, values))
        found = {
            "values": ("Iterable", (values,)),
            "keys": ("Iterable", (keys,)),
            "items": ("Iterable", ((pair,),)),
            "copy": (value.name, value.arguments),
        }
        if name in ("get", "pop", "setdefault"):
            return _calling(values)
        if name in found:
            return (ExternalValue(found[name][0], True, found[name][1]),)
    elif value.name in _OF_ONE and value.arguments:
        if name in ("pop", "popleft", "get", "__next__"):
            return _calling(one)
        if name in ("copy", "union", "difference", "intersection"):
            return (ExternalValue(value.name, True, value.arguments),)
    return (ExternalValue(name, is_class=True),)


def _calling(values: Values) -> Values:
    """Something whose call gives ``values``, as far as they are of classes."""
    return tuple(
        one.cls if isinstance(one, InstanceValue) else ExternalValue(one.name, True, one.arguments)
        for one in values
        if isinstance(one, InstanceValue | ExternalValue)
    )
