"""Reads the code that an agent wrote: whom it calls, and how complex its functions are."""

import ast
from typing import Any

from dynasaur_library.complexity import complexity_of

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def figures(steps: list[str], loaded: list[list[str]], initial: list[str]) -> dict[str, Any]:
    """Count call sites over the steps of a task.

    `loaded` names, for each step, the actions of the library that were made callable by then. A name
    that the agent defined itself hides an action of that name from then on.
    """
    counts = {"libraryCalls": 0, "ownCalls": 0, "initialCalls": 0}
    called: set[str] = set()
    own: set[str] = set()
    library: set[str] = set()
    functions: dict[str, dict[str, Any]] = {}
    for code, names in zip(steps, loaded, strict=True):
        library.update(names)
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        own.update(node.name for node in ast.walk(tree) if isinstance(node, _Function))
        for name in _calls(tree):
            if name in own:
                counts["ownCalls"] += 1
            elif name in library:
                counts["libraryCalls"] += 1
                called.add(name)
            elif name in initial:
                counts["initialCalls"] += 1
        for node in tree.body:
            if isinstance(node, _Function):
                # A definition that replaces another one stands at its own place.
                functions.pop(node.name, None)
                functions[node.name] = _function(node, own | library)
    return {**counts, "calledActions": sorted(called), "functions": list(functions.values())}


def _calls(tree: ast.AST) -> list[str]:
    return [
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]


def _function(node: _Function, known: set[str]) -> dict[str, Any]:
    inner = {child.name for child in ast.walk(node) if isinstance(child, _Function)}
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return {
        "name": node.name,
        "complexity": complexity_of(node),
        "lines": (node.end_lineno or node.lineno) - first + 1,
        "calls": len((set(_calls(node)) & known) - inner),
    }
