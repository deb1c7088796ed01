"""Plain data as JSON, exactly: what a recorded call's arguments and result are stored as.

None, bool, str, list and integers that JSON holds are themselves; everything else is an object
with one key that names its kind, as in `{"float": 1.5}` or `{"tuple": [1, 2]}`. No value is ever
pickled: reading it runs no code. Instances of dataclasses, named tuples and enumerations are kept
as their fields, and are made again only where their class is at hand.
"""

import base64
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dynasaur_library import tables

Encoded = Any
"""A tree of None, bool, int, float, str, list and one-key dict."""

_SAFE_INTEGER = 1 << 53
_MAX_DEPTH = 60


class NotComparable(Exception):
    """A value that is no plain data, or too large; the message says which."""


def encode(value: Any, limit: int = 1 << 16) -> Encoded:
    """The encoded tree of `value`; about `limit` bytes at most."""
    return _Encoder(limit).encode(value, 0)


def decode(tree: Encoded, namespace: Mapping[str, Any] | None = None) -> Any:
    """The value of an encoded tree. Classes of instances are looked up in `namespace`."""
    if isinstance(tree, list):
        return [decode(item, namespace) for item in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind in _SIMPLE:
        return _SIMPLE[kind][1](content)
    if kind in _COLLECTIONS:
        return _COLLECTIONS[kind](decode(content, namespace))
    if kind == "dict":
        return {decode(key, namespace): decode(item, namespace) for key, item in content}
    if kind in tables.KINDS:
        return tables.decode(kind, content, lambda part: decode(part, namespace))
    if kind == "object":
        return _instance(content, namespace or {})
    raise NotComparable(f"a value of the unknown kind {kind!r}")


class _Encoder:
    def __init__(self, limit: int) -> None:
        self.left = limit

    def encode(self, value: Any, depth: int) -> Encoded:
        if depth > _MAX_DEPTH:
            raise NotComparable("a value that is nested too deeply or contains itself")
        self._spend(8)
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return self._integer(value)
        if kind is str:
            return self._text(value)
        if kind is list:
            return self._items(value, depth)
        if kind in _NAMES:
            name = _NAMES[kind]
            if kind in (set, frozenset):
                return {name: sorted(self._items(value, depth), key=_sort_key)}
            return {name: self._items(value, depth)}
        if kind is dict:
            return {"dict": self._pairs(value.items(), depth)}
        for name, (described, _, write) in _SIMPLE.items():
            if kind is described:
                written = write(value)
                self._spend(len(str(written)))
                return {name: written}
        if isinstance(value, pathlib.PurePath):
            return {"path": self._text(str(value))}
        table = tables.encode(value, lambda part: self.encode(part, depth + 1), self._spend)
        return table if table is not None else self._object(value, depth)

    def _spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise NotComparable("a value that is too large to record")

    def _integer(self, value: int) -> Encoded:
        if -_SAFE_INTEGER < value < _SAFE_INTEGER:
            return value
        self._spend(value.bit_length() // 4)
        return {"int": hex(value)}

    def _text(self, value: str) -> Encoded:
        self._spend(len(value))
        try:
            value.encode()
        except UnicodeEncodeError:
            return {"text": _base64(value.encode("utf-8", "surrogatepass"))}
        return value

    def _items(self, values: Iterable[Any], depth: int) -> list[Encoded]:
        return [self.encode(value, depth + 1) for value in values]

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], depth: int) -> list[list[Encoded]]:
        return [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in pairs]

    def _object(self, value: Any, depth: int) -> Encoded:
        kind = type(value)
        if isinstance(value, enum.Enum):
            fields: list[tuple[str, Any]] = [("name", value.name)]
            form = "enum"
        elif isinstance(value, tuple) and hasattr(kind, "_fields"):
            fields = list(zip(kind._fields, value, strict=True))
            form = "tuple"
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [(f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value)]
            form = "dataclass"
        elif isinstance(value, dict) and kind in _DICTIONARIES:
            return {_DICTIONARIES[kind]: self._pairs(value.items(), depth)}
        else:
            raise NotComparable(f"a value of type {kind.__qualname__}")
        encoded = [[name, self.encode(field, depth + 1)] for name, field in fields]
        return {"object": {"form": form, "type": kind.__qualname__, "fields": encoded}}


def _instance(content: dict[str, Any], namespace: Mapping[str, Any]) -> Any:
    name = content["type"]
    kind = namespace.get(name)
    if not isinstance(kind, type):
        raise NotComparable(f"a value of type {name}")
    fields = {key: decode(value, namespace) for key, value in content["fields"]}
    if content["form"] == "enum" and issubclass(kind, enum.Enum):
        return kind[fields["name"]]
    if content["form"] == "tuple" and issubclass(kind, tuple):
        return kind(*fields.values())
    if not dataclasses.is_dataclass(kind):
        raise NotComparable(f"a value of type {name}")
    made = object.__new__(kind)
    for key, value in fields.items():
        object.__setattr__(made, key, value)
    return made


def _base64(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode("ascii")


def _float(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)


def _sort_key(tree: Encoded) -> str:
    return repr(tree)


_SIMPLE: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "float": (float, float, _float),
    "int": (type(None), lambda text: int(text, 16), lambda value: value),
    "text": (
        type(None),
        lambda text: base64.b64decode(text).decode("utf-8", "surrogatepass"),
        lambda value: value,
    ),
    "bytes": (bytes, base64.b64decode, _base64),
    "bytearray": (bytearray, lambda text: bytearray(base64.b64decode(text)), _base64),
    "complex": (
        complex,
        lambda pair: complex(float(pair[0]), float(pair[1])),
        lambda value: [_float(value.real), _float(value.imag)],
    ),
    "date": (datetime.date, datetime.date.fromisoformat, datetime.date.isoformat),
    "datetime": (
        datetime.datetime,
        datetime.datetime.fromisoformat,
        datetime.datetime.isoformat,
    ),
    "time": (datetime.time, datetime.time.fromisoformat, datetime.time.isoformat),
    "timedelta": (
        datetime.timedelta,
        lambda parts: datetime.timedelta(*parts),
        lambda value: [value.days, value.seconds, value.microseconds],
    ),
    "decimal": (decimal.Decimal, decimal.Decimal, str),
    "fraction": (fractions.Fraction, fractions.Fraction, str),
    "range": (range, lambda parts: range(*parts), lambda r: [r.start, r.stop, r.step]),
    "uuid": (uuid.UUID, uuid.UUID, str),
    "path": (type(None), pathlib.Path, str),
    "ellipsis": (type(...), lambda _: ..., lambda _: None),
}

_COLLECTIONS: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": collections.deque,
    "OrderedDict": collections.OrderedDict,
    "Counter": lambda pairs: collections.Counter(dict(pairs)),
}
_NAMES: dict[type, str] = {
    tuple: "tuple",
    set: "set",
    frozenset: "frozenset",
    collections.deque: "deque",
}
_DICTIONARIES: dict[type, str] = {
    collections.OrderedDict: "OrderedDict",
    collections.Counter: "Counter",
    collections.defaultdict: "dict",
}
