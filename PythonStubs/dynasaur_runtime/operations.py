"""Live objects that Swift holds by number, and what it can do with them."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import os
import types
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from dynasaur_runtime.exceptions import StaleHandle, qualified_name

if TYPE_CHECKING:
    from dynasaur_runtime.engine import Engine


def source_hash(value: object) -> str:
    """A hash by which a function is known again in another process; "" for what is no function."""
    if isinstance(value, types.BuiltinFunctionType):
        return f"builtin {value.__module__}.{value.__qualname__}"
    if not isinstance(value, types.FunctionType):
        return ""
    try:
        source = inspect.getsource(value)
    except (OSError, TypeError, SyntaxError):
        return ""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


class Handles:
    """The objects that Swift holds."""

    def __init__(self) -> None:
        self._objects: dict[int, object] = {}
        # Begins at random, so that a handle of another session is none of this one.
        self._numbers = itertools.count((int.from_bytes(os.urandom(4), "little") << 30) + 1)

    def hold(self, value: object) -> tuple[int, str, str]:
        """(number, type name, hash of its source) of a new handle; no hash for what is no function."""
        number = next(self._numbers)
        self._objects[number] = value
        return number, qualified_name(type(value)), source_hash(value)

    def __contains__(self, number: int) -> bool:
        return number in self._objects

    def __getitem__(self, number: int) -> object:
        try:
            return self._objects[number]
        except KeyError:
            raise StaleHandle from None

    def release(self, numbers: list[int]) -> None:
        for number in numbers:
            self._objects.pop(number, None)

    def clear(self) -> None:
        self._objects.clear()


def _call(engine: Engine, held: object, *arguments: object, **keywords: object) -> object:
    return engine.awaited(held(*arguments, **keywords))


def _value(engine: Engine, held: object) -> object:
    return held


def _text(engine: Engine, held: object, as_repr: bool) -> str:
    return repr(held) if as_repr else str(held)


def _attribute(engine: Engine, held: object, name: str) -> object:
    return getattr(held, name)


def _set_attribute(engine: Engine, held: object, name: str, value: object) -> None:
    setattr(held, name, value)


def _item(engine: Engine, held: object, key: object) -> object:
    return held[key]


def _set_item(engine: Engine, held: object, key: object, value: object) -> None:
    held[key] = value


def _iterator(engine: Engine, held: object) -> Iterator | AsyncIterator:
    """An iterator of an iterable or of an asynchronous iterable."""
    return aiter(held) if hasattr(type(held), "__aiter__") else iter(held)


_END = object()


def _next(engine: Engine, held: Iterator | AsyncIterator) -> list:
    """A list with the next element, empty at the end."""
    if hasattr(type(held), "__anext__"):

        async def advance() -> object:
            return await anext(held, _END)

        element = engine.awaited(advance())
    else:
        element = next(held, _END)
    return [] if element is _END else [element]


def _enter(engine: Engine, held: object) -> object:
    """Enter a context manager, synchronous or asynchronous."""
    if hasattr(type(held), "__enter__"):
        return type(held).__enter__(held)
    return engine.awaited(type(held).__aenter__(held))


def _exit(engine: Engine, held: object, failure: str | None) -> None:
    """Leave a context manager, with a SwiftError when the body failed."""
    from dynasaur_runtime.exceptions import SwiftError

    error = None if failure is None else SwiftError(failure)
    details = (None, None, None) if error is None else (type(error), error, None)
    if hasattr(type(held), "__exit__"):
        type(held).__exit__(held, *details)
    else:
        engine.awaited(type(held).__aexit__(held, *details))


OPERATIONS = {
    "call": _call,
    "value": _value,
    "text": _text,
    "attribute": _attribute,
    "set_attribute": _set_attribute,
    "item": _item,
    "set_item": _set_item,
    "iterator": _iterator,
    "next": _next,
    "enter": _enter,
    "exit": _exit,
}
