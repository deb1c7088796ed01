"""Turning what Swift passes (dicts, raw values, lists) into what a function's annotations name."""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable

Coercion = Callable[[object], object]

# Generic types whose one argument is the type of their elements.
_SEQUENCES = {"list", "Sequence", "Iterable", "Collection", "MutableSequence"}
_SETS = {"set", "Set", "MutableSet"}
_MAPPINGS = {"dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"}


class _Coercions:
    """The coercions of annotations; a class that refers to itself is looked up when it is needed."""

    def __init__(self) -> None:
        self._known: dict[type, Coercion | None] = {}

    def of(self, annotation: object) -> Coercion | None:
        """None where values of the annotation are taken as they come."""
        origin = typing.get_origin(annotation)
        if origin in (typing.Union, types.UnionType):
            return self._union(typing.get_args(annotation))
        if origin is typing.Annotated:
            return self.of(typing.get_args(annotation)[0])
        if origin is not None:
            return self._generic(origin, typing.get_args(annotation))
        if not isinstance(annotation, type):
            return None
        if annotation not in self._known:
            # In place while the class's fields are looked at, for one that refers to itself.
            self._known[annotation] = functools.partial(self._later, annotation)
            self._known[annotation] = self._class(annotation)
        return self._known[annotation]

    def _later(self, cls: type, value: object) -> object:
        made = self._known[cls]
        return made(value) if made else value

    def _class(self, cls: type) -> Coercion | None:
        if issubclass(cls, enum.Enum):
            return lambda value: value if isinstance(value, cls) else cls(value)
        if dataclasses.is_dataclass(cls):
            names = [field.name for field in dataclasses.fields(cls) if field.init]
            return self._record(cls, {name: hint for name, hint in _hints(cls).items() if name in names})
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            return self._record(cls, _hints(cls))
        if typing.is_typeddict(cls):
            return self._fields(_hints(cls))
        if cls is tuple:
            return lambda value: tuple(value) if isinstance(value, list) else value
        if cls is frozenset:
            return lambda value: frozenset(value) if isinstance(value, set) else value
        if cls is _numpy_array():
            return lambda value: sys.modules["numpy"].asarray(value) if isinstance(value, list) else value
        return None

    def _fields(self, hints: dict[str, object]) -> Coercion | None:
        """Coerces the values of a dict by their keys."""
        needed = {name: made for name, hint in hints.items() if (made := self.of(hint))}
        if not needed:
            return None

        def coerce(value: object) -> object:
            if not isinstance(value, dict):
                return value
            return {
                name: needed[name](item) if name in needed and item is not None else item
                for name, item in value.items()
            }

        return coerce

    def _record(self, cls: type, hints: dict[str, object]) -> Coercion:
        """Makes an instance of a class from a dict of its fields."""
        fields = self._fields(hints)

        def coerce(value: object) -> object:
            if not isinstance(value, dict):
                return value
            return cls(**(fields(value) if fields else value))

        return coerce

    def _generic(self, origin: object, arguments: tuple) -> Coercion | None:
        name = getattr(origin, "__name__", "")
        if name == "tuple":
            return self._tuple(arguments)
        if name == "frozenset":
            return self.of(frozenset)
        if origin is _numpy_array():
            return self.of(origin)
        element = self.of(arguments[-1]) if arguments else None
        if element is None:
            return None
        if name in _SEQUENCES:
            return lambda value: [element(item) for item in value] if isinstance(value, list) else value
        if name in _SETS:
            return lambda value: {element(item) for item in value} if isinstance(value, set) else value
        if name in _MAPPINGS:
            return lambda value: (
                {key: element(item) for key, item in value.items()} if isinstance(value, dict) else value
            )
        return None

    def _tuple(self, arguments: tuple) -> Coercion:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            element = self.of(arguments[0])

            def coerce(value: object) -> object:
                if not isinstance(value, list):
                    return value
                return tuple(element(item) for item in value) if element else tuple(value)

            return coerce
        elements = [self.of(argument) for argument in arguments]

        def coerce_each(value: object) -> object:
            if not isinstance(value, list) or len(value) != len(elements):
                return value
            return tuple(made(item) if made else item for made, item in zip(elements, value))

        return coerce_each

    def _union(self, alternatives: tuple) -> Coercion | None:
        """Tries the alternatives in order: the first that takes the value."""
        coercions = [made for part in alternatives if (made := self.of(part))]
        if not coercions:
            return None

        def coerce(value: object) -> object:
            if value is None:
                return None
            failure: Exception | None = None
            for made in coercions:
                try:
                    coerced = made(value)
                except (TypeError, ValueError, LookupError) as error:
                    failure = failure or error
                else:
                    if coerced is not value:
                        return coerced
            # A plain value may be what another alternative takes.
            if failure is None or len(coercions) < sum(part is not type(None) for part in alternatives):
                return value
            raise failure

        return coerce


def _numpy_array() -> type | None:
    """numpy's type of arrays; None while it is not imported, or another thread imports it."""
    return getattr(sys.modules.get("numpy"), "ndarray", None)


def _hints(cls: type) -> dict[str, object]:
    try:
        return typing.get_type_hints(cls)
    except Exception:  # What cannot be evaluated is not coerced.
        return {}


def coercing(function: Callable) -> Callable:
    """`function`, or one that makes dataclass instances, enum members and tuples of its arguments first."""
    try:
        signature = inspect.signature(function)
        hints = typing.get_type_hints(inspect.unwrap(function))
    except Exception:  # A builtin without a signature, annotations that cannot be evaluated.
        return function
    coercions = _Coercions()
    needed = {
        name: made for name, hint in hints.items() if name != "return" and (made := coercions.of(hint))
    }
    if not needed:
        return function
    parameters = signature.parameters

    @functools.wraps(function)
    def call(*arguments: object, **keywords: object) -> object:
        bound = signature.bind(*arguments, **keywords)
        for name, value in bound.arguments.items():
            made = needed.get(name)
            if made is None or value is None:
                continue
            kind = parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(made(item) for item in value)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = {key: made(item) for key, item in value.items()}
            else:
                bound.arguments[name] = made(value)
        return function(*bound.args, **bound.kwargs)

    return call
