"""A session's engine: runs steps and calls, and tells what happened as plain data."""

import ast
import asyncio
import contextlib
import functools
import gc
import importlib
import linecache
import sys
from collections.abc import Callable, Coroutine, Iterator
from inspect import CO_COROUTINE, iscoroutine, iscoroutinefunction
from time import perf_counter
from types import CodeType, ModuleType

import _dynasaur
from dynasaur_runtime import display, exceptions, figures, host_functions, operations, streams
from dynasaur_runtime.coercions import coercing
from dynasaur_runtime.exceptions import Cancelled, DeadlineExceeded
from dynasaur_runtime.operations import Handles
from dynasaur_runtime.signatures import check_signature
from dynasaur_runtime.steps import compile_step

_INTERRUPTIONS = (DeadlineExceeded, Cancelled)
_DEADLINE = 1  # Of ds_interruption.

# Bytes of a step's value that are told to Swift as plain data; a larger one is described.
LARGEST_VALUE = 64 << 20


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    depth = _dynasaur.interruptible_depth()
    try:
        _dynasaur.begin_interruptible()
        yield
    finally:
        _dynasaur.end_interruptible(depth)


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
        self._handles = Handles()

    # ---- Steps ----

    def execute(self, source: str, transformer: str = "") -> tuple | float:
        """Run one step.

        Returns (stdout, stderr, bytes dropped of each, value as plain data or b"" for none, its
        display or None, exception or None, images, seconds), or the seconds alone when there is nothing
        else to tell.
        """
        depth = _dynasaur.interruptible_depth()
        try:
            return self._execute(source, transformer, depth)
        except _INTERRUPTIONS as interruption:  # It arrived while the step was being reported.
            _dynasaur.end_interruptible(depth)
            return self._report(None, interruption, 0.0, depth)

    def _execute(self, source: str, transformer: str, depth: int) -> tuple | float:
        source = source.removeprefix("\ufeff")  # A byte order mark is not code.
        filename = _dynasaur.begin_step(source)
        started = perf_counter()
        value, failure = None, None
        _dynasaur.take_interruption()
        try:
            transform = self._transform(transformer, filename) if transformer else None
            body, final = compile_step(source, filename, transform)
            try:
                _dynasaur.begin_interruptible()
                if body is not None:
                    self.run_code(body)
                if final is not None:
                    value = self.run_code(final)
            finally:
                _dynasaur.end_interruptible(depth)
        except BaseException as error:
            _dynasaur.end_interruptible(depth)
            failure = error
        return self._finish(value, failure, perf_counter() - started, depth)

    def finish_quiet(self, failure: BaseException | None, seconds: float) -> tuple | float:
        """Report a step that C ran because it has no value to show (Steps.c)."""
        depth = _dynasaur.interruptible_depth()
        try:
            return self._finish(None, failure, seconds, depth)
        except _INTERRUPTIONS as interruption:
            _dynasaur.end_interruptible(depth)
            return self._report(None, interruption, seconds, depth)

    def _finish(
        self, value: object, failure: BaseException | None, seconds: float, depth: int
    ) -> tuple | float:
        if failure is None and _dynasaur.take_interruption() == _DEADLINE:
            # Swallowed where nobody can tell, as in a finalizer; the step has not done its work.
            value, failure = None, DeadlineExceeded()
        if value is not None:
            self.globals["_"] = value
        return self._report(value, failure, seconds, depth)

    def run_code(self, code: CodeType) -> object:
        """The value of a step's code."""
        if code.co_flags & CO_COROUTINE:
            return self._complete(eval(code, self.globals))
        return eval(code, self.globals)

    def _transform(self, transformer: str, filename: str) -> Callable[[ast.Module], ast.Module]:
        function = self._transformers.get(transformer)
        if function is None:
            function = self._transformers[transformer] = self.resolve(transformer)
        return functools.partial(function, filename=filename, globals=self.globals)

    def _report(
        self, value: object, failure: BaseException | None, seconds: float, depth: int
    ) -> tuple | float:
        if value is None and failure is None and not figures.are_open():
            output = _dynasaur.take_output()
            return seconds if output is None else (*output, b"", None, None, [], seconds)
        text, data, images, told = None, b"", [], None
        try:  # A repr, a figure or an exception's text is code of the step too.
            _dynasaur.begin_interruptible()
            if failure is not None:
                told = exceptions.describe(failure)
            if value is not None:
                text = display.display_text(value)
                data = _dynasaur.encode(value, limit=LARGEST_VALUE, lenient=True, attach=True)
            if value is not None or figures.are_open():
                images = display.take_images(value)
        except BaseException as error:
            _dynasaur.end_interruptible(depth)
            told = told or exceptions.describe(error)
        finally:
            _dynasaur.end_interruptible(depth)
        if failure is not None:
            failure.__traceback__ = None  # It would keep the variables of the frames alive.
        if issubclass(type(failure), MemoryError):  # Its `__class__` may say anything.
            self._free_memory_of(failure, depth)
        output = _dynasaur.take_output() or ("", "", 0, 0)
        return (*output, data, text, told, images, seconds)

    def _free_memory_of(self, failure: BaseException, depth: int) -> None:
        """Let go of what the step held when it ran out of memory, so that the next one has some."""
        try:
            _dynasaur.begin_interruptible()  # Finalizers are code of the session.
            exceptions.drop_tracebacks(failure)
            gc.collect()
        except BaseException:
            pass  # The step has ended with an exception already.
        finally:
            _dynasaur.end_interruptible(depth)

    def event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that coroutines of this session run in; it persists, and with it their tasks."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    def _complete(self, coroutine: Coroutine) -> object:
        """The result of a coroutine. One that is interrupted is cancelled, and does not go on later."""
        loop = self.event_loop()
        task = loop.create_task(coroutine)
        try:
            return loop.run_until_complete(task)
        finally:
            if not task.done():
                task.cancel()
                with contextlib.suppress(BaseException):
                    loop.run_until_complete(asyncio.sleep(0))

    def wake(self) -> None:
        """Let the event loop that waits notice that it is interrupted. Called on another thread."""
        loop = self._loop
        if loop is not None and loop.is_running():
            with contextlib.suppress(RuntimeError):  # It has just been closed.
                loop.call_soon_threadsafe(int)

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
        return self._guarded(lambda: self.awaited(self.resolve(path)(*arguments, **keywords)))

    def function(
        self, path: str, argument_types: list[str], keywords: list[str], result_type: str
    ) -> object:
        """The callable `path`, after checking that it can be called like that.

        It makes of its arguments what the annotations name (dataclasses, enums), and awaits coroutines.
        Raises NameError, AttributeError, TypeError.
        """
        found = self.resolve(path)
        check_signature(path, found, argument_types, keywords, result_type)
        made = coercing(found)
        return self._awaiting(made) if iscoroutinefunction(found) else made

    def _awaiting(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def call(*arguments: object, **keywords: object) -> object:
            return self.awaited(function(*arguments, **keywords))

        return call

    def awaited(self, result: object) -> object:
        """The result of a coroutine, which runs in the session's loop; anything else unchanged."""
        if not iscoroutine(result):
            return result
        if self.event_loop().is_running():
            result.close()
            raise RuntimeError(
                "the session's event loop runs already: call a coroutine function in the session's order, "
                "with 'try await', not from code that the loop waits for"
            )
        return self._complete(result)

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
                return None, _dynasaur.encode(action(), lenient=True, attach=True)
            finally:
                _dynasaur.end_interruptible(depth)
        except BaseException as error:
            _dynasaur.end_interruptible(depth)
            return exceptions.describe(error), b""

    # ---- Live objects ----

    def hold(self, path: str) -> tuple:
        """Hold on to an object: (exception or None, (handle, type name, source hash) as plain data)."""
        return self._guarded(lambda: self._handles.hold(self.resolve(path)))

    def hold_again(self, path: str, source_hash: str) -> tuple:
        """Hold on to a function as before, if its source is the same; else the handle stays stale."""
        held = self.hold(path)
        if held[0] is None and _dynasaur.decode(held[1])[2] == source_hash:
            return held
        return None, b"", "stale"

    def hold_function(
        self, path: str, argument_types: list[str], keywords: list[str], result_type: str
    ) -> tuple:
        """Hold on to a function, after checking its signature."""
        return self._guarded(
            lambda: self._handles.hold(self.function(path, argument_types, keywords, result_type))
        )

    def held(self, number: int) -> object:
        """The object of a handle; StaleHandle when the session holds none of that number."""
        return self._handles[number]

    def operate(self, number: int, operation: str, arguments: list, keywords: dict, hold: bool) -> tuple:
        """Do something with a held object, one of the functions of `operations`.

        The result is plain data, or with `hold` a handle like that of `hold`. A third part of the reply
        says that the object is not held, and nothing was done.
        """
        if number not in self._handles:
            return None, b"", "stale"

        def run() -> object:
            result = operations.OPERATIONS[operation](self, self.held(number), *arguments, **keywords)
            return self._handles.hold(result) if hold else result

        return self._guarded(run)

    def release(self, numbers: list[int]) -> None:
        """Let held objects go."""
        self._handles.release(numbers)

    # ---- Host functions ----

    def define(self, name: str, signature: str, documentation: str, call: Callable) -> None:
        """Make `name` a global function that passes its bound arguments to `call`."""
        self.globals[name] = host_functions.make_function(name, signature, documentation, call)

    def define_typed(self, name: str, signature: str, documentation: str, call: Callable) -> None:
        """Make a Swift function global as it is, with a signature and docstring to look at."""
        self.globals[name] = host_functions.describe_function(call, name, signature, documentation)

    def define_remote(self, name: str, signature: str, documentation: str, number: int) -> tuple:
        """`define` for a session in a worker, whose host knows its function by a number.

        Returns (exception or None, the names of the parameters as plain data).
        """

        def define() -> list[str]:
            call = functools.partial(_dynasaur.call_host, number)
            self.define(name, signature, documentation, call)
            return host_functions.parameter_names(signature)

        return self._guarded(define)

    # ---- Checkpoints ----

    def checkpoint(self, limit: int, workspace: str) -> tuple:
        """Save what the session can be continued from.

        Returns (steps, bytes, names saved, {name: why it was not saved}).
        """
        from dynasaur_runtime import checkpoint

        with _interruptible():
            data, names, skipped = checkpoint.save(self.globals, limit, workspace)
        return self._steps, data, names, skipped

    def restore(self, data: bytes, steps: int, workspace: str) -> tuple:
        """Continue from a checkpoint: (names restored, {name: why it was not})."""
        from dynasaur_runtime import checkpoint

        self._steps = steps
        with _interruptible():
            return checkpoint.restore(data, self.module, workspace)

    # ---- End ----

    def forget(self, variables: dict) -> None:
        """Begin again with these variables, as if no step had run."""
        self.globals.clear()
        self.globals.update(variables)
        for number in range(1, self._steps + 1):
            linecache.cache.pop(f"<{self._prefix}step {number}>", None)
        self._steps = 0

    def part(self) -> None:
        """Make handles that no engine of another process makes, though it was forked from the same one."""
        self._handles = Handles()

    def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.close()
        if sys.modules.get(self.module.__name__) is self.module:
            del sys.modules[self.module.__name__]
        with contextlib.suppress(Exception):  # Code may have broken it.
            for filename in [name for name in linecache.cache if name.startswith(f"<{self._prefix}step ")]:
                if self._prefix:
                    del linecache.cache[filename]
        streams.stop_threads(self.globals)
        figures.end_session()
        self._handles.clear()
        self.globals.clear()
        streams.forget_thread()
