"""Candidates from a plain file of Python, without a session."""

import ast
import linecache
import sys
import types
from collections.abc import Callable
from typing import Any

from dynasaur_library.capture import captured_or_refused


def capture_file(request: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> Any:
    """Run the file `request["source"]` as a module and capture the functions it defines.

    `request["names"]` picks some; otherwise all are taken whose names do not begin with `_`.
    """
    source, filename = request["source"], request["filename"]
    report({"phase": "parse"})
    try:
        tree = ast.parse(source, filename)
    except (SyntaxError, ValueError) as error:
        return {"error": {"type": type(error).__name__, "message": str(error)}, "candidates": []}
    module = types.ModuleType(request["module"])
    module.__file__ = filename
    sys.modules[module.__name__] = module
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    report({"phase": "import"})
    try:
        exec(compile(tree, filename, "exec", dont_inherit=True), vars(module))
    except BaseException as error:
        return {"error": {"type": type(error).__name__, "message": str(error)}, "candidates": []}
    names = request.get("names") or _defined(tree, vars(module), filename)
    report({"phase": "capture"})
    found = [{**captured_or_refused(name, vars(module)), "calls": []} for name in names]
    return {"error": None, "candidates": found}


def _defined(tree: ast.Module, namespace: dict[str, Any], filename: str) -> list[str]:
    """The public functions that the file itself defines, in its order."""
    del filename
    definitions = ast.FunctionDef | ast.AsyncFunctionDef
    found = [node.name for node in ast.walk(tree) if isinstance(node, definitions)]
    top = [name for name in found if callable(namespace.get(name)) and not name.startswith("_")]
    return list(dict.fromkeys(top))
