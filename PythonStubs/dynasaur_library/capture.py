"""Make a self-contained source of a function that lives in a session."""

import ast
import inspect
from typing import Any

from dynasaur_library.closure import CaptureRefused, Closure
from dynasaur_library.complexity import complexity_of
from dynasaur_library.fingerprint import content_hash, shape_hash
from dynasaur_library.origins import original, plain_function, stored_action
from dynasaur_library.recording import recorder_of
from dynasaur_library.requirements import requirements_of
from dynasaur_library.signature import Signature, signature_of_source, signature_of_value
from dynasaur_library.slicing import first_line
from dynasaur_library.steps import Step, Unit, is_step, steps_of
from dynasaur_library.values import NotComparable, encode

_VARIABLE_LIMIT = 1 << 20

Candidate = dict[str, Any]


def captured_or_refused(name: str, namespace: dict[str, Any]) -> Candidate:
    """What `capture` returns, or `{"name", "refused"}` with the reason."""
    try:
        return capture(name, namespace)
    except CaptureRefused as refusal:
        return {"name": name, "refused": str(refusal)}


def capture(name: str, namespace: dict[str, Any]) -> Candidate:
    """Everything that the function `name` of a session needs, as plain data.

    `source` is a module that defines it without the session: the exact text of every statement it
    takes, in the order in which they ran, imports first. Raises CaptureRefused where no source
    can make the function again.
    """
    value = original(_function(name, namespace))
    steps = _steps(name, value, namespace)
    closure = Closure(namespace, steps)
    closure.need(name)
    closure.check_assigned()
    units = _outermost(closure.units)
    future, imports, rest = _sorted_units(units)
    imports = [*future, *closure.imports, *imports]
    source = _module_text(imports, rest)
    _check_compiles(source)
    node = _definition(name, value, units)
    dependencies = [
        {"name": used, "action": action["name"], "hash": action["hash"]}
        for used, action in sorted(closure.dependencies.items())
    ]
    body = node if node is not None else ast.parse(source)
    return {
        "name": name,
        "source": source,
        "imports": imports,
        "dependencies": dependencies,
        "hostFunctions": sorted(closure.host_functions),
        "signature": _signature(value, node),
        "docstring": _docstring(value, node),
        "requirements": requirements_of(source),
        "hash": content_hash(name, source, [(d["name"], d["hash"]) for d in dependencies]),
        "shape": shape_hash(name, source),
        "complexity": complexity_of(body),
        "lines": source.count("\n"),
        "variables": _variables(closure),
    }


def _function(name: str, namespace: dict[str, Any]) -> Any:
    if name not in namespace:
        raise CaptureRefused(f"the session has no `{name}`")
    value = namespace[name]
    if isinstance(value, type):
        raise CaptureRefused(f"`{name}` is a class; an action is a function")
    if not callable(value):
        raise CaptureRefused(f"`{name}` is {type(value).__name__}, not a function")
    if stored_action(value):
        raise CaptureRefused(f"`{name}` is an action of the library already")
    return value


def _steps(name: str, value: Any, namespace: dict[str, Any]) -> list[Step]:
    """The steps of the session: those of the function's own code, else of any function there."""
    for candidate in [value, *namespace.values()]:
        function = plain_function(original(candidate))
        if function is not None:
            filename = function.__code__.co_filename
            if is_step(filename) or candidate is value:
                steps = steps_of(filename)
                if steps:
                    return steps
    for known in (namespace.get("__file__"), recorder_of(namespace).filename):
        if known and (steps := steps_of(known)):
            return steps
    raise CaptureRefused(f"the source that defined `{name}` is not known")


def _outermost(units: set[Unit]) -> list[Unit]:
    kept = [
        unit
        for unit in units
        if not any(other is not unit and other.contains_unit(unit) for other in units)
    ]
    return sorted(kept, key=lambda unit: unit.order)


def _sorted_units(units: list[Unit]) -> tuple[list[str], list[str], list[Unit]]:
    """The `__future__` import, the imports that may stand on top, and the rest in order."""
    features = sorted({feature for unit in units for feature in unit.step.future})
    future = [f"from __future__ import {', '.join(features)}"] if features else []
    bound: dict[str, set[str]] = {}
    for unit in units:
        for name in unit.use.binds:
            # Several `import a.b` and `import a.c` bind the same `a`.
            bound.setdefault(name, set()).add("" if unit.is_plain_import else unit.text)
    imports: list[str] = []
    rest: list[Unit] = []
    for unit in units:
        if isinstance(unit.node, ast.ImportFrom) and unit.node.module == "__future__":
            continue
        # Moving an import up must not change which of two statements binds a name last.
        if unit.is_import and all(len(bound[name]) == 1 for name in unit.use.binds):
            if unit.text not in imports:
                imports.append(unit.text)
        else:
            rest.append(unit)
    return future, imports, rest


def _module_text(imports: list[str], units: list[Unit]) -> str:
    parts = ["\n".join(imports)] if imports else []
    previous: Unit | None = None
    for unit in units:
        together = previous is not None and not (previous.is_definition or unit.is_definition)
        if together:
            parts[-1] += "\n" + unit.text
        else:
            parts.append(unit.text)
        previous = unit
    return "\n\n\n".join(parts) + "\n"


def _check_compiles(source: str) -> None:
    try:
        tree = ast.parse(source)
        compile(tree, "<action>", "exec")
    except (SyntaxError, ValueError) as error:
        raise CaptureRefused(f"its source does not stand alone: {error}") from error


def _definition(
    name: str, value: Any, units: list[Unit]
) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The `def` of the function, where it has one under its own name."""
    function = plain_function(value)
    if function is None:
        return None
    code = function.__code__
    here = [unit.node for unit in units if unit.step.filename == code.co_filename]
    for node in (child for statement in here for child in ast.walk(statement)):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name == name
            and first_line(node) == code.co_firstlineno
        ):
            return node
    return None


def _signature(value: Any, node: ast.FunctionDef | ast.AsyncFunctionDef | None) -> Signature:
    return signature_of_source(node) if node is not None else signature_of_value(value)


def _docstring(value: Any, node: ast.FunctionDef | ast.AsyncFunctionDef | None) -> str | None:
    if node is not None:
        return ast.get_docstring(node)
    text = getattr(plain_function(value) or value, "__doc__", None)
    return inspect.cleandoc(text) if isinstance(text, str) else None


def _variables(closure: Closure) -> dict[str, Any]:
    """The values now of the variables it reads, by which admission sees that source is enough.

    What the captured functions change themselves (a cache, a counter) starts anew.
    """
    written = {name for unit in closure.units for name in unit.use.writes}
    found = {}
    for name, value in sorted(closure.variables.items()):
        if name in written:
            continue
        try:
            found[name] = encode(value, _VARIABLE_LIMIT)
        except NotComparable:
            continue
    return found
