"""Tell which statement made the value that a name has now."""

import ast
import sys
import types
from typing import Any

from dynasaur_library.slicing import first_line
from dynasaur_library.steps import Unit, is_step

ACTION_ATTRIBUTE = "__dynasaur_action__"
"""On a function that was loaded from the library: `{"name", "hash"}` of its action."""

_IMMUTABLE = (int, float, complex, str, bytes, bool, type(None))


def plain_function(value: object) -> types.FunctionType | None:
    """The innermost Python function that decorators wrapped, if they said so by `__wrapped__`."""
    seen = 0
    while hasattr(value, "__wrapped__") and seen < 100:
        value = value.__wrapped__
        seen += 1
    return value if isinstance(value, types.FunctionType) else None


def original(value: Any) -> Any:
    """What a step bound, without what a session puts around it to record its calls."""
    return getattr(value, "__dynasaur_original__", value)


def stored_action(value: object) -> dict[str, str] | None:
    """Name and hash of the library action that `value` is, if it is one."""
    found = getattr(value, ACTION_ATTRIBUTE, None)
    return found if isinstance(found, dict) else None


def may_have_bound(unit: Unit, name: str, value: Any) -> bool:
    """Whether running `unit` can have given `name` the value it has now.

    A step that failed did not run its last statements, and a branch may not have been taken; a
    function's code object, a class's methods and a literal tell.
    """
    node = unit.node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return _function_matches(unit, node, original(value))
    if isinstance(node, ast.ClassDef):
        return _class_matches(unit, node, value)
    if isinstance(node, ast.Import | ast.ImportFrom):
        return _import_matches(node, name, value)
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        return _assignment_matches(unit, node.value, value, _is_single_target(node))
    return True


def import_for(name: str, value: Any, session: str) -> str | None:
    """An import statement that makes `value` again, for one that no step imported."""
    if isinstance(value, types.ModuleType):
        path = value.__name__
        if sys.modules.get(path) is not value or path == session:
            return None
        return f"import {path}" if path == name else f"import {path} as {name}"
    module, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualified, str) or module == session:
        return None
    if "." in qualified or getattr(sys.modules.get(module), qualified, None) is not value:
        return None
    renamed = "" if qualified == name else f" as {name}"
    return f"from {module} import {qualified}{renamed}"


def _function_matches(unit: Unit, node: ast.stmt, value: Any) -> bool:
    function = plain_function(value)
    if function is None:
        return bool(getattr(node, "decorator_list", []))
    code = function.__code__
    if code.co_filename == unit.step.filename and code.co_firstlineno == first_line(node):
        return True
    # A decorator may return another function without saying which one it wraps.
    return bool(getattr(node, "decorator_list", [])) and getattr(value, "__wrapped__", None) is None


def _class_matches(unit: Unit, node: ast.ClassDef, value: Any) -> bool:
    if not isinstance(value, type):
        return bool(node.decorator_list)
    methods = (plain_function(_unbound(member)) for member in vars(value).values())
    codes = [method.__code__ for method in methods if method is not None]
    here = [code for code in codes if code.co_filename == unit.step.filename]
    if here:
        return any(unit.contains(code.co_firstlineno) for code in here)
    # What `dataclass` and its like generate comes from no step.
    elsewhere = [code for code in codes if is_step(code.co_filename)]
    return not elsewhere or not any(isinstance(child, ast.FunctionDef) for child in node.body)


def _unbound(member: Any) -> Any:
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", member)


def _import_matches(node: ast.Import | ast.ImportFrom, name: str, value: Any) -> bool:
    for alias in node.names:
        if isinstance(node, ast.Import):
            bound = alias.asname or alias.name.partition(".")[0]
            path = alias.name if alias.asname else bound
            if bound == name:
                return sys.modules.get(path, value) is value
        elif node.level:
            if (alias.asname or alias.name) == name:
                return True
        else:
            module = sys.modules.get(node.module or "")
            if alias.name == "*" or (alias.asname or alias.name) == name:
                attribute = name if alias.name == "*" else alias.name
                submodule = sys.modules.get(f"{node.module}.{attribute}", value)
                return getattr(module, attribute, submodule) is value
    return False


def _assignment_matches(unit: Unit, source: ast.expr, value: Any, single: bool) -> bool:
    if not single:
        return True
    if isinstance(source, ast.Lambda):
        function = plain_function(original(value))
        return (
            function is not None
            and function.__code__.co_filename == unit.step.filename
            and unit.contains(function.__code__.co_firstlineno)
        )
    if type(value) in _IMMUTABLE:
        try:
            literal = ast.literal_eval(source)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return True
        return type(literal) is type(value) and (literal == value or literal != literal)
    return not isinstance(source, ast.Constant)


def _is_single_target(node: ast.Assign | ast.AnnAssign) -> bool:
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name)
    return all(isinstance(target, ast.Name) for target in node.targets)
