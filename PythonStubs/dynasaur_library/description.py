"""What is known of an action from its source alone, without running any of it."""

import ast
from collections.abc import Callable
from typing import Any

from dynasaur_library.complexity import complexity_of
from dynasaur_library.fingerprint import content_hash, shape_hash
from dynasaur_library.requirements import requirements_of
from dynasaur_library.signature import signature_of_source

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def describe(request: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> Any:
    """Describe `request["actions"]`, each a name, a source and its dependencies.

    Each answer has `error`, or the fields of a candidate; `signature` is None where no `def` has the
    action's name.
    """
    found = []
    for number, action in enumerate(request["actions"]):
        report({"phase": "describe", "number": number})
        try:
            found.append(_described(action))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            found.append({"error": f"{type(error).__name__}: {error}"})
    return found


def _described(action: dict[str, Any]) -> dict[str, Any]:
    name, source = action["name"], action["source"]
    uses = [(needed["name"], needed["hash"]) for needed in action["dependencies"]]
    tree = ast.parse(source)
    node = _definition(name, tree)
    return {
        "error": None,
        "imports": [
            ast.get_source_segment(source, statement) or ""
            for statement in tree.body
            if isinstance(statement, ast.Import | ast.ImportFrom)
        ],
        "signature": signature_of_source(node) if node else None,
        "docstring": ast.get_docstring(node) if node else None,
        "requirements": requirements_of(source),
        "hash": content_hash(name, source, uses),
        "shape": shape_hash(name, source),
        "complexity": complexity_of(node or tree),
        "lines": source.count("\n"),
    }


def _definition(name: str, tree: ast.Module) -> Definition | None:
    """The last `def` of that name outside functions and classes."""
    found, bodies = None, [tree.body]
    while bodies:
        for node in bodies.pop():
            if isinstance(node, Definition):
                found = node if node.name == name else found
            elif not isinstance(node, ast.ClassDef):
                parts = [node, *getattr(node, "handlers", []), *getattr(node, "cases", [])]
                bodies += [
                    getattr(part, field, [])
                    for part in parts
                    for field in ("body", "orelse", "finalbody")
                    if isinstance(getattr(part, field, None), list)
                ]
    return found
