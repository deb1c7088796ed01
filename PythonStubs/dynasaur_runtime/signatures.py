"""Comparing a Python function's signature with the Swift type it is bound as."""

import inspect
import types
import typing
from collections.abc import Callable

# Swift's types are named as Python's. An argument of a type on the left may go where one on the right
# is annotated.
_ACCEPTED = {("int", "float"), ("bool", "int"), ("int", "complex"), ("float", "complex")}
_COMPARABLE = {
    "bool", "int", "float", "complex", "str", "bytes", "list", "tuple", "set", "frozenset", "dict",
    "datetime", "date", "Decimal", "UUID",
}  # fmt: skip
# Annotations that take more than one of these.
_ABSTRACT = {
    "Sequence": {"list", "tuple", "str", "bytes"},
    "Iterable": {"list", "tuple", "str", "set", "dict", "bytes"},
    "Collection": {"list", "tuple", "str", "set", "dict", "bytes"},
    "Mapping": {"dict"},
    "Set": {"set", "frozenset"},
}


def _alternatives(annotation: object) -> list[object]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [inner for part in typing.get_args(annotation) for inner in _alternatives(part)]
    return [annotation]


def _base_name(annotation: object) -> str | None:
    """The name to compare, None for what is not compared."""
    if annotation is None or annotation is type(None):
        return "None"
    if typing.get_origin(annotation) is typing.Literal:
        kinds = {type(value).__name__ for value in typing.get_args(annotation)}
        return kinds.pop() if len(kinds) == 1 else None
    origin = typing.get_origin(annotation) or annotation
    name = getattr(origin, "__name__", None)
    return name if name in _COMPARABLE or name in _ABSTRACT else None


def _names(swift_type: str) -> set[str]:
    return {part.partition("[")[0].strip() for part in swift_type.split(" | ")}


def _agrees(swift: str, annotation: str | None) -> bool:
    if annotation is None or swift == annotation or swift not in (_COMPARABLE | {"None"}):
        return True
    return (swift, annotation) in _ACCEPTED or swift in _ABSTRACT.get(annotation, ())


def _mismatch(swift_type: str, annotation: object, is_result: bool) -> bool:
    names = [_base_name(part) for part in _alternatives(annotation)]
    if is_result:
        # Every value that Python may return must be one that Swift takes.
        swift = _names(swift_type)
        return not all(
            name is None or any(_agrees(name, taken) for taken in swift) or "object" in swift
            for name in names
        )
    return not all(
        swift == "object" or any(_agrees(swift, name) for name in names)
        for swift in _names(swift_type)
    )


def check_signature(
    path: str,
    function: Callable,
    argument_types: list[str],
    keywords: list[str],
    result_type: str,
) -> None:
    """Raise TypeError unless `function` can be called with these arguments.

    `keywords` names the last of the arguments. What is not annotated is not compared.
    """
    if not callable(function):
        raise TypeError(f"{path} is not a function but {type(function).__name__}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # A builtin that does not tell its signature.
    positional = len(argument_types) - len(keywords)
    try:
        bound = signature.bind(
            *argument_types[:positional], **dict(zip(keywords, argument_types[positional:]))
        )
    except TypeError as error:
        raise TypeError(f"{path}{signature} cannot be called like that: {error}") from None
    try:
        hints = typing.get_type_hints(inspect.unwrap(function))
    except Exception:
        return  # Annotations that cannot be evaluated are not compared.
    for name, swift_type in bound.arguments.items():
        kind = signature.parameters[name].kind
        variadic = kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        if name in hints and not variadic and _mismatch(swift_type, hints[name], False):
            raise TypeError(
                f"{path}{signature}: Swift passes {swift_type} for {name!r}, "
                f"which is annotated {inspect.formatannotation(hints[name])}"
            )
    if result_type and "return" in hints and _mismatch(result_type, hints["return"], True):
        raise TypeError(
            f"{path}{signature}: Swift expects {result_type}, "
            f"the function returns {inspect.formatannotation(hints['return'])}"
        )
