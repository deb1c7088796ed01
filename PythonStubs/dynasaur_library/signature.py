"""A function's signature as plain data, each annotation and default as it was written."""

import ast
import inspect
import types
from typing import Any

_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positionalOnly",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positionalOrKeyword",
    inspect.Parameter.VAR_POSITIONAL: "variadicPositional",
    inspect.Parameter.KEYWORD_ONLY: "keywordOnly",
    inspect.Parameter.VAR_KEYWORD: "variadicKeyword",
}

Signature = dict[str, Any]


def signature_of_source(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    """The signature of a `def`, without looking at any value."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = len(positional) - len(arguments.defaults)
    parameters = []
    for index, argument in enumerate(positional):
        only = index < len(arguments.posonlyargs)
        default = arguments.defaults[index - missing] if index >= missing else None
        kind = "positionalOnly" if only else "positionalOrKeyword"
        parameters.append(_parameter(argument, kind, default))
    if arguments.vararg:
        parameters.append(_parameter(arguments.vararg, "variadicPositional"))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parameters.append(_parameter(argument, "keywordOnly", default))
    if arguments.kwarg:
        parameters.append(_parameter(arguments.kwarg, "variadicKeyword"))
    return {
        "parameters": parameters,
        "returns": _text(node.returns),
        "isAsync": isinstance(node, ast.AsyncFunctionDef),
        "isGenerator": _yields(node),
    }


def signature_of_value(value: Any) -> Signature:
    """The signature of any callable, as far as Python can tell."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        signature = inspect.Signature()
    empty = inspect.Parameter.empty
    parameters = [
        {
            "name": parameter.name,
            "kind": _KINDS[parameter.kind],
            "annotation": None
            if parameter.annotation is empty
            else _annotation(parameter.annotation),
            "default": None if parameter.default is empty else repr(parameter.default),
        }
        for parameter in signature.parameters.values()
    ]
    returns = signature.return_annotation
    return {
        "parameters": parameters,
        "returns": None if returns is inspect.Signature.empty else _annotation(returns),
        "isAsync": inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value),
        "isGenerator": inspect.isgeneratorfunction(value) or inspect.isasyncgenfunction(value),
    }


def missing_hints(signature: Signature) -> list[str]:
    """What lacks a type hint: names of parameters, and `return`."""
    missing = [p["name"] for p in signature["parameters"] if p["annotation"] is None]
    return [*missing, *(["return"] if signature["returns"] is None else [])]


def _parameter(argument: ast.arg, kind: str, default: ast.expr | None = None) -> dict[str, Any]:
    return {
        "name": argument.arg,
        "kind": kind,
        "annotation": _text(argument.annotation),
        "default": _text(default),
    }


def _text(node: ast.expr | None) -> str | None:
    return None if node is None else ast.unparse(node)


def _annotation(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation.__qualname__
    return str(annotation)


def _yields(node: ast.AST) -> bool:
    nested = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(child, nested) and _yields(child):
            return True
    return False
