"""Record what the functions of a session were called with and what they returned.

`transform` is the step transformer of a session: it puts a decorator of ours around every function
that a step defines, so that a function that worked can be shown to work again elsewhere.
"""

import ast
import functools
import types
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from dynasaur_library.recorded_calls import FunctionRecord
from dynasaur_library.slicing import first_line
from dynasaur_library.steps import is_step
from dynasaur_library.watching import allow_recursion, watched

_RECORDER = "__dynasaur_record__"


class Recorder:
    """The calls of one session's functions, by name, and what the last step called."""

    def __init__(self) -> None:
        self.functions: dict[str, FunctionRecord] = {}
        self.called: list[str] = []
        """Functions called since `new_step`, in order of their first call."""
        self.filename: str | None = None
        """The file name of the last step."""

    def defined(self, name: str) -> Callable[[Any], Any]:
        """A decorator for the function `name`, or for what other decorators made of it."""

        def decorate(value: Any) -> Any:
            if not callable(value) or isinstance(value, type):
                return value
            return watched(self._new_record(name), value)

        return decorate

    def assigned(self, name: str, value: Any) -> Any:
        """What to assign to `name`: functions without a `def` of that name are recorded too."""
        if isinstance(value, functools.partial):
            return watched(self._new_record(name), value)
        if (
            isinstance(value, types.FunctionType)
            and is_step(value.__code__.co_filename)
            and "<" in value.__qualname__
            and not hasattr(value, "__dynasaur_watch__")
        ):
            return watched(self._new_record(name), value)
        return value

    def new_step(self, filename: str) -> None:
        self.called = []
        self.filename = filename

    def _new_record(self, name: str) -> FunctionRecord:
        record = FunctionRecord(name, on_call=self._note_call)
        self.functions[name] = record
        return record

    def _note_call(self, name: str) -> None:
        if name not in self.called:
            self.called.append(name)


def transform(tree: ast.Module, filename: str, globals: dict[str, Any]) -> ast.Module:
    """Decorate every function that a step defines outside functions and classes."""
    recorder_of(globals).new_step(filename)
    _Decorate().visit(tree)
    return ast.fix_missing_locations(tree)


def recorder_of(namespace: dict[str, Any]) -> Recorder:
    """The recorder of the session with these globals; made at first use."""
    recorder = namespace.get(_RECORDER)
    if not isinstance(recorder, Recorder):
        recorder = namespace[_RECORDER] = Recorder()
        allow_recursion()
    return recorder


def record_of(name: str, namespace: dict[str, Any]) -> FunctionRecord | None:
    """The calls of the function that `name` stands for now."""
    watch = getattr(namespace.get(name), "__dynasaur_watch__", None)
    found = watch or recorder_of(namespace).functions.get(name)
    return found if isinstance(found, FunctionRecord) else None


def recorded_calls(name: str, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """The finished calls of `name` as plain data, in the order in which they were made."""
    record = record_of(name, namespace)
    return [asdict(call) for call in record.calls if call.finished] if record else []


def called_functions(namespace: dict[str, Any]) -> list[str]:
    """The names of the session's own functions that the last step called."""
    return list(recorder_of(namespace).called)


class _Decorate(ast.NodeTransformer):
    """Leaves the inside of functions and classes alone."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._decorated(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._decorated(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Name):
            node.value = self._assigned(target.id, node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None and isinstance(node.target, ast.Name):
            node.value = self._assigned(node.target.id, node.value)
        return node

    def _decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        # Outermost, and on the line that is the function's first already, so that its code
        # object, `inspect.getsource` and tracebacks see no difference.
        line = first_line(node)
        decorator = _method("defined", ast.Constant(value=node.name))
        for part in ast.walk(decorator):
            if isinstance(part, ast.expr):
                part.lineno = part.end_lineno = line
                part.col_offset = part.end_col_offset = node.col_offset
        node.decorator_list.insert(0, decorator)
        return node

    def _assigned(self, name: str, value: ast.expr) -> ast.expr:
        if not isinstance(value, ast.Lambda | ast.Call):
            return value
        return ast.copy_location(_method("assigned", ast.Constant(value=name), value), value)


def _method(name: str, *arguments: ast.expr) -> ast.Call:
    recorder = ast.Name(id=_RECORDER, ctx=ast.Load())
    method = ast.Attribute(value=recorder, attr=name, ctx=ast.Load())
    return ast.Call(func=method, args=list(arguments), keywords=[])
