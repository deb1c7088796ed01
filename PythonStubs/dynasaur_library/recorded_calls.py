"""Wrap a callable so that its calls are noted; what it is and does stays the same."""

import contextvars
import functools
import inspect
import types
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from dynasaur_library.values import NotComparable, encode

MAX_CALLS = 5
"""How many calls of one function are kept: the first ones."""
MAX_BYTES = 1 << 16
"""How large the arguments, or the result, of a recorded call may be."""
MAX_ITEMS = 100
"""How many values of a generator are kept."""

_active: contextvars.ContextVar[frozenset[int]] = contextvars.ContextVar("active")


@dataclass
class RecordedCall:
    """One call, its values as encoded trees."""

    arguments: list[Any] = field(default_factory=list)
    keywords: list[list[Any]] = field(default_factory=list)
    result: Any = None
    exception: dict[str, str] | None = None
    items: list[Any] | None = None
    """What a generator gave, in order; `exhausted` tells whether that was all."""
    exhausted: bool = False
    finished: bool = False
    opaque_arguments: str | None = None
    """Why the arguments cannot be made again, if they cannot."""
    opaque_result: str | None = None
    """Why the result cannot be compared, if it cannot."""
    direct: bool = True
    """Whether the step itself made the call, not another function of the session."""

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note the arguments, before the function can change them."""
        try:
            self.arguments = encode(list(args), MAX_BYTES)
            self.keywords = [[key, encode(value, MAX_BYTES)] for key, value in kwargs.items()]
        except NotComparable as reason:
            self.opaque_arguments = str(reason)
        except Exception as error:  # an object may misbehave while it is looked at
            self.opaque_arguments = f"a value that raises {type(error).__name__}"

    def add_item(self, item: Any) -> None:
        if self.items is None or self.opaque_result or len(self.items) >= MAX_ITEMS:
            return
        try:
            self.items.append(encode(item, MAX_BYTES // 8))
        except NotComparable as reason:
            self.opaque_result = str(reason)

    def succeed(self, result: Any) -> None:
        self.finished = True
        try:
            self.result = encode(result, MAX_BYTES)
        except NotComparable as reason:
            self.opaque_result = str(reason)
        except Exception as error:
            self.opaque_result = f"a value that raises {type(error).__name__}"

    def fail(self, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt):
            return
        self.finished = True
        self.exception = {"type": type(error).__qualname__, "message": str(error)}


@dataclass
class FunctionRecord:
    """The calls of one version of a function."""

    name: str
    count: int = 0
    calls: list[RecordedCall] = field(default_factory=list)
    on_call: Callable[[str], None] | None = None

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> RecordedCall | None:
        """A new record with its arguments; None where there are enough."""
        self.count += 1
        if self.on_call is not None:
            self.on_call(self.name)
        if len(self.calls) >= MAX_CALLS:
            return None
        call = RecordedCall(direct=not _active.get(frozenset()))
        call.begin(args, kwargs)
        self.calls.append(call)
        return call


class RecordedCallable:
    """A callable that is no plain function (such as `lru_cache` makes), with its calls recorded."""

    def __init__(self, record: FunctionRecord, function: Any) -> None:
        functools.update_wrapper(self, function)
        self.__dynasaur_recorded__ = function
        self.__dynasaur_record__ = record

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _call(self.__dynasaur_record__, self.__dynasaur_recorded__, args, kwargs)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self.__dict__["__dynasaur_recorded__"], attribute)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str:
        return self.__dynasaur_record__.name


def recorded(record: FunctionRecord, function: Any) -> Any:
    """A callable of the same kind as `function`: async, generator, both or neither."""
    if not isinstance(function, types.FunctionType):
        return RecordedCallable(record, function)
    wrapper: Any
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            call = record.begin(args, kwargs)
            async for item in _watched_async(function(*args, **kwargs), call):
                yield item

    elif inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await _call_async(record, function, args, kwargs)

    elif inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            call = record.begin(args, kwargs)
            return (yield from _watched(function(*args, **kwargs), call))

    else:

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return _call(record, function, args, kwargs)

    wrapper.__dynasaur_recorded__ = function
    return wrapper


def _call(
    record: FunctionRecord, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    active = _active.get(frozenset())
    if id(record) in active:
        return function(*args, **kwargs)
    call = record.begin(args, kwargs)
    token = _active.set(active | {id(record)})
    try:
        result = function(*args, **kwargs)
    except BaseException as error:
        if call is not None:
            call.fail(error)
        raise
    finally:
        _active.reset(token)
    if call is not None:
        call.succeed(result)
    return result


async def _call_async(
    record: FunctionRecord, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    active = _active.get(frozenset())
    if id(record) in active:
        return await function(*args, **kwargs)
    call = record.begin(args, kwargs)
    token = _active.set(active | {id(record)})
    try:
        result = await function(*args, **kwargs)
    except BaseException as error:
        if call is not None:
            call.fail(error)
        raise
    finally:
        _active.reset(token)
    if call is not None:
        call.succeed(result)
    return result


def _watched(
    inner: Generator[Any, Any, Any], call: RecordedCall | None
) -> Generator[Any, Any, Any]:
    """`yield from inner`, with what passes noted (PEP 380)."""
    if call is None:
        return (yield from inner)
    call.items = []
    try:
        item = next(inner)
        while True:
            call.add_item(item)
            try:
                sent = yield item
            except GeneratorExit:
                inner.close()
                call.finished = True
                raise
            except BaseException as error:
                call.opaque_arguments = "an exception thrown into the generator"
                item = inner.throw(error)
            else:
                if sent is not None:
                    call.opaque_arguments = "a value sent into the generator"
                item = inner.send(sent)
    except StopIteration as stop:
        call.exhausted = True
        call.succeed(stop.value)
        return stop.value
    except GeneratorExit:
        raise
    except BaseException as error:
        call.fail(error)
        raise


async def _watched_async(
    inner: AsyncGenerator[Any, Any], call: RecordedCall | None
) -> AsyncGenerator[Any, Any]:
    if call is None:
        async for item in inner:
            yield item
        return
    call.items = []
    try:
        async for item in inner:
            call.add_item(item)
            yield item
    except GeneratorExit:
        call.finished = True
        await inner.aclose()
        raise
    except BaseException as error:
        call.fail(error)
        raise
    call.exhausted = True
    call.succeed(None)
