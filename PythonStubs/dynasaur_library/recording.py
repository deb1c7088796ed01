"""Record what the functions of a session were called with and what they returned.

`transform` is the step transformer of a session: it puts a decorator of ours around every function
that a step defines, so that a function that worked can be shown to work again elsewhere.
"""

import ast
import types
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

    def __call__(self, function: Any) -> Any:
        """Decorate a function, or the callable that another decorator made of it."""
        name = getattr(function, "__name__", None)
        if not callable(function) or isinstance(function, type) or not isinstance(name, str):
            return function
        return watched(self._new_record(name), function)

    def assigned(self, name: str, value: Any) -> Any:
        """What to assign to `name`: functions without a `def` of that name are recorded too."""
        if (
            isinstance(value, types.FunctionType)
            and is_step(value.__code__.co_filename)
            and value.__name__ != name
            and "<" in value.__qualname__
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


def recorded_calls(name: str, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """The finished calls of `name` as plain data, in the order in which they were made."""
    record = recorder_of(namespace).functions.get(name)
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
        recorder = ast.Name(id=_RECORDER, ctx=ast.Load())
        recorder.lineno, recorder.col_offset = line, node.col_offset
        recorder.end_lineno, recorder.end_col_offset = line, node.col_offset
        node.decorator_list.insert(0, recorder)
        return node

    def _assigned(self, name: str, value: ast.expr) -> ast.expr:
        if not isinstance(value, ast.Lambda | ast.Call):
            return value
        recorder = ast.Name(id=_RECORDER, ctx=ast.Load())
        method = ast.Attribute(value=recorder, attr="assigned", ctx=ast.Load())
        call = ast.Call(func=method, args=[ast.Constant(value=name), value], keywords=[])
        return ast.copy_location(call, value)
