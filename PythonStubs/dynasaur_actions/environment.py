"""What the code of a session can use."""

import ast
import hashlib
import inspect
import platform
import reprlib
import sys
import types
from importlib import metadata
from typing import Any


def describe(files: list[str] = []) -> dict[str, Any]:
    """The version of Python, the installed distributions with their versions, and files' hashes."""
    packages: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        # The first one found is the one that imports find; a broken installation has no name.
        if isinstance(name, str):
            packages.setdefault(name, distribution.version or "")
    return {
        "python": platform.python_version(),
        "packages": packages,
        "fixed_hashes": not sys.flags.hash_randomization,
        "hashes": [_hash(file) for file in files],
    }


def _hash(path: str) -> str:
    """SHA-256 in hexadecimal digits; empty for a file that cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def assigned_names(codes: list[str]) -> list[str]:
    """The variables that the codes of steps set at their top level, in order, each once."""
    names: dict[str, None] = {}
    for code in codes:
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for statement in tree.body:
            names.update(dict.fromkeys(_names(statement)))
    return list(names)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names if alias.name != "*"]
    if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return []
    found = [node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else []
    for child in ast.iter_child_nodes(node):
        found += _names(child)
    return found


def described_variables(module: str, names: list[str]) -> list[list[str]]:
    """[name, type, text] of variables of the session with that module; imported modules left out."""
    variables = vars(sys.modules[module])
    found: list[list[str]] = []
    for name in names:
        value = variables.get(name)
        if name not in variables or name == "_" or isinstance(value, types.ModuleType):
            continue
        try:
            text = f"{name}{inspect.signature(value)}" if inspect.isroutine(value) else _short(value)
        except Exception as error:  # A repr is code of the session.
            text = f"<{type(error).__name__} in repr>"
        found.append([name, type(value).__name__, text])
    return found


def _short(value: object) -> str:
    text = " ".join(reprlib.repr(value).split())
    return text if len(text) <= 120 else text[:119] + "…"
