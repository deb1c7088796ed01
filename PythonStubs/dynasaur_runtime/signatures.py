"""Comparing a Python function's signature with the Swift type it is bound as."""

import ast
import enum
import inspect
import types
import typing
from collections.abc import Callable

# Swift's types are named as Python's. An argument of a type on the left may go where one on the right
# is annotated, a result on the left to a Swift type on the right.
_ACCEPTED = {
    ("int", "float"), ("bool", "int"), ("int", "complex"), ("float", "complex"),
    # Made of each other by dynasaur_runtime.coercions, and by Swift's conversions.
    ("list", "tuple"), ("tuple", "list"), ("set", "frozenset"), ("frozenset", "set"),
}  # fmt: skip
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


def _literals(annotation: object) -> set | None:
    """The only values of an annotation that lists them."""
    if typing.get_origin(annotation) is typing.Literal:
        return set(typing.get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return {member.value for member in annotation}
    return None


class _SwiftType(typing.NamedTuple):
    """One alternative of a Swift type's name, which is a Python annotation."""

    name: str
    literals: set | None

    @classmethod
    def alternatives(cls, text: str) -> list[typing.Self]:
        try:
            tree = ast.parse(text, mode="eval")
        except SyntaxError:  # A type of the user's that has no Python name.
            return [cls("object", None)]
        return [cls._of(part) for part in _union_parts(tree.body)]

    @classmethod
    def _of(cls, node: ast.expr) -> typing.Self:
        if isinstance(node, ast.Constant):  # None
            return cls(str(node.value), None)
        if isinstance(node, ast.Name):
            return cls(node.id, None)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            if node.value.id != "Literal":
                return cls(node.value.id, None)
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            values = {ast.literal_eval(part) for part in parts}
            return cls(type(next(iter(values))).__name__, values)
        return cls("object", None)


def _union_parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_union_parts(node.left), *_union_parts(node.right)]
    return [node]


def _agrees(given: str, taken: str | None) -> bool:
    if taken is None or given == taken or given not in (_COMPARABLE | {"None"}):
        return True
    return (given, taken) in _ACCEPTED or given in _ABSTRACT.get(taken, ())


def _accepts(swift: _SwiftType, annotation: object) -> bool:
    """Whether an argument of a Swift type may go where `annotation` is."""
    values = _literals(annotation)
    if values is not None and swift.literals is not None:
        return swift.literals <= values
    return _agrees(swift.name, _base_name(annotation))


def _yields(annotation: object, swift: _SwiftType) -> bool:
    """Whether a result of `annotation` is one that a Swift type takes."""
    if swift.name == "object":
        return True
    values = _literals(annotation)
    if values is not None and swift.literals is not None:
        return values <= swift.literals
    name = _base_name(annotation)
    return name is None or _agrees(name, swift.name)


def _mismatch(swift_type: str, annotation: object, is_result: bool) -> bool:
    parts = _alternatives(annotation)
    swift = _SwiftType.alternatives(swift_type)
    if is_result:
        # Every value that Python may return must be one that Swift takes.
        return not all(any(_yields(part, taken) for taken in swift) for part in parts)
    return not all(
        given.name == "object" or any(_accepts(given, part) for part in parts) for given in swift
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
