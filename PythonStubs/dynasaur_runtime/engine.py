"""A session's engine: runs steps and calls, and tells what happened as plain data."""

import ast
import asyncio
import functools
import importlib
import linecache
import sys
from collections.abc import Callable
from inspect import CO_COROUTINE
from time import perf_counter
from types import CodeType, ModuleType

import _dynasaur
from dynasaur_runtime import display, exceptions, host_functions
from dynasaur_runtime.exceptions import Cancelled, DeadlineExceeded
from dynasaur_runtime.steps import compile_step

_INTERRUPTIONS = (DeadlineExceeded, Cancelled)

# Bytes of a step's value that are told to Swift as plain data; a larger one is described.
LARGEST_VALUE = 64 << 20


class Engine:
    """The persistent state of one session. Its public methods are the operations of a request."""

    def __init__(self, module_name: str, step_prefix: str) -> None:
        # In sys.modules, because pickle, dataclasses and typing look the module of a class up there.
        self.module = ModuleType(module_name)
        sys.modules[module_name] = self.module
        self.globals = self.module.__dict__
        self.globals["__builtins__"] = __builtins__
        self._prefix = step_prefix
        self._steps = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transformers: dict[str, Callable] = {}

    # ---- Steps ----

    def execute(self, source: str, transformer: str = "") -> tuple:
        """Run one step.

        Returns (stdout, stderr, bytes dropped of each, value as plain data or b"" for none, its
        display or None, exception or None, images, seconds).
        """
        depth = _dynasaur.interruptible_depth()
        try:
            return self._execute(source, transformer, depth)
        except _INTERRUPTIONS as interruption:  # It arrived while the step was being reported.
            _dynasaur.end_interruptible(depth)
            return self._report(None, interruption, 0.0, depth)

    def _execute(self, source: str, transformer: str, depth: int) -> tuple:
        self._steps += 1
        filename = f"<{self._prefix}step {self._steps}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        started = perf_counter()
        value, failure = None, None
        try:
            transform = self._transform(transformer, filename) if transformer else None
            body, final = compile_step(source, filename, transform)
            try:
                _dynasaur.begin_interruptible()
                if body is not None:
                    self._run(body)
                if final is not None:
                    value = self._run(final)
            finally:
                _dynasaur.end_interruptible(depth)
        except BaseException as error:
            _dynasaur.end_interruptible(depth)
            failure = error
        seconds = perf_counter() - started
        if value is not None:
            self.globals["_"] = value
        return self._report(value, failure, seconds, depth)

    def _run(self, code: CodeType) -> object:
        if code.co_flags & CO_COROUTINE:
            return self.event_loop().run_until_complete(eval(code, self.globals))
        return eval(code, self.globals)

    def _transform(self, transformer: str, filename: str) -> Callable[[ast.Module], ast.Module]:
        function = self._transformers.get(transformer)
        if function is None:
            function = self._transformers[transformer] = self.resolve(transformer)
        return functools.partial(function, filename=filename, globals=self.globals)

    def _report(
        self, value: object, failure: BaseException | None, seconds: float, depth: int
    ) -> tuple:
        text, data, images, told = None, b"", [], None
        try:  # A repr, a figure or an exception's text is code of the step too.
            _dynasaur.begin_interruptible()
            if failure is not None:
                told = exceptions.describe(failure)
            if value is not None:
                text = display.display_text(value)
                data = _dynasaur.encode(value, limit=LARGEST_VALUE, lenient=True)
            images = display.take_images(value)
        except BaseException as error:
            _dynasaur.end_interruptible(depth)
            told = told or exceptions.describe(error)
        finally:
            _dynasaur.end_interruptible(depth)
        if failure is not None:
            failure.__traceback__ = None  # It would keep the variables of the frames alive.
        out, err, out_dropped, err_dropped = _dynasaur.take_output()
        return out, err, out_dropped, err_dropped, data, text, told, images, seconds

    def event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that coroutines of this session run in; it persists, and with it their tasks."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    # ---- Calls and variables ----

    def resolve(self, path: str) -> object:
        """What `name`, `name.attribute` or `package.module:name` stands for."""
        module, colon, names = path.rpartition(":")
        if colon:
            found = importlib.import_module(module)
            parts = names.split(".")
        else:
            parts = path.split(".")
            try:
                found = self.globals[parts[0]]
            except KeyError:
                raise NameError(f"name {parts[0]!r} is not defined", name=parts[0]) from None
            parts = parts[1:]
        for part in parts:
            found = getattr(found, part)
        return found

    def call(self, path: str, arguments: list, keywords: dict) -> tuple:
        """Call a function: (exception or None, result as plain data)."""
        return self._guarded(lambda: self._awaited(self.resolve(path)(*arguments, **keywords)))

    def _awaited(self, result: object) -> object:
        if asyncio.iscoroutine(result):
            return self.event_loop().run_until_complete(result)
        return result

    def get(self, path: str) -> tuple:
        """A variable: (exception or None, value as plain data)."""
        return self._guarded(lambda: self.resolve(path))

    def set(self, name: str, value: object) -> tuple:
        """Set a variable."""
        self.globals[name] = value
        return None, b""

    def names(self) -> list[str]:
        """The variables, without those that Python adds."""
        return [name for name in self.globals if not (name.startswith("__") and name.endswith("__"))]

    def _guarded(self, action: Callable[[], object]) -> tuple:
        depth = _dynasaur.interruptible_depth()
        try:
            try:
                _dynasaur.begin_interruptible()
                return None, _dynasaur.encode(action(), lenient=True)
            finally:
                _dynasaur.end_interruptible(depth)
        except BaseException as error:
            _dynasaur.end_interruptible(depth)
            return exceptions.describe(error), b""

    # ---- Host functions ----

    def define(self, name: str, signature: str, documentation: str, call: Callable) -> None:
        """Make `name` a global function that passes its bound arguments to `call`."""
        self.globals[name] = host_functions.make_function(name, signature, documentation, call)

    # ---- End ----

    def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.close()
        if sys.modules.get(self.module.__name__) is self.module:
            del sys.modules[self.module.__name__]
        for filename in [name for name in linecache.cache if name.startswith(f"<{self._prefix}step ")]:
            if self._prefix:
                del linecache.cache[filename]
        self.globals.clear()
