"""Wrap a callable so that somebody sees its calls; what it is and does stays the same."""

import contextvars
import functools
import inspect
import sys
import types
from collections.abc import AsyncGenerator, Generator
from typing import Any, Protocol

_active: contextvars.ContextVar[frozenset[int]] = contextvars.ContextVar("active")


class WatchedCall:
    """One call under way. Does nothing; whoever watches overrides what it wants to know."""

    __slots__ = ()

    def start(self) -> None:
        """The call is one of a generator, whose items follow."""

    def item(self, value: Any) -> None:
        """The generator gave a value."""

    def disturb(self, what: str) -> None:
        """Something was sent or thrown into the generator."""

    def close(self) -> None:
        """The generator was closed before its end."""

    def succeed(self, result: Any) -> None:
        """The call returned."""

    def fail(self, error: BaseException) -> None:
        """The call raised."""


_RECURSION_LIMIT = 2_100
_NONE: frozenset[int] = frozenset()
_UNSEEN = WatchedCall()


class Watch(Protocol):
    """Whoever wants to see the calls of one function."""

    name: str

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> WatchedCall | None:
        """A call starts. None where it is of no interest."""


def allow_recursion() -> None:
    """Let a watched function, which takes two frames a call, recurse as deep as it would alone."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))


def inside_watched_call() -> bool:
    """Whether some watched function is running already."""
    return bool(_active.get(_NONE))


class WatchedCallable:
    """A callable that is no plain function (such as `lru_cache` makes), with its calls watched.

    It passes for the original in everything but its type.
    """

    def __init__(self, watch: Watch, function: Any) -> None:
        own = {
            "__dynasaur_original__": function,
            "__dynasaur_watch__": watch,
            "__dynasaur_call__": _plain_wrapper(watch, function),
            "__doc__": getattr(function, "__doc__", None),
            "__module__": getattr(function, "__module__", None),
        }
        self.__dict__.update(own)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["__dynasaur_call__"](*args, **kwargs)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self.__dict__["__dynasaur_original__"], attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        setattr(self.__dict__["__dynasaur_original__"], attribute, value)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str:
        return str(self.__dict__["__dynasaur_watch__"].name)

    def __repr__(self) -> str:
        return repr(self.__dict__["__dynasaur_original__"])

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self.__dict__["__dynasaur_original__"])


def watched(watch: Watch, function: Any) -> Any:
    """`function` with its calls watched; a recursion is one call.

    The result is a callable of the same kind as `function`: async, generator, both or neither.
    """
    if not isinstance(function, types.FunctionType):
        return WatchedCallable(watch, function)
    wrapper: Any
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            call = watch.begin(args, kwargs)
            try:
                async for item in _watched_async(function(*args, **kwargs), call):
                    yield item
            except BaseException as error:
                _hide_frames(error)
                raise

    elif inspect.iscoroutinefunction(function):
        # The body stands here, not in a function of its own: each frame more would lessen the
        # depth to which `function` can recurse.
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            active = _active.get(_NONE)
            try:
                if id(watch) in active:
                    return await function(*args, **kwargs)
                call = watch.begin(args, kwargs) or _UNSEEN
                token = _active.set(active | {id(watch)})
                try:
                    result = await function(*args, **kwargs)
                except BaseException as error:
                    call.fail(error)
                    raise
                finally:
                    _active.reset(token)
                call.succeed(result)
                return result
            except BaseException as error:
                _hide_frames(error)
                raise

    elif inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            call = watch.begin(args, kwargs)
            try:
                return (yield from _watched(function(*args, **kwargs), call))
            except BaseException as error:
                _hide_frames(error)
                raise

    else:
        wrapper = functools.wraps(function)(_plain_wrapper(watch, function))

    wrapper.__dynasaur_original__ = function
    wrapper.__dynasaur_watch__ = watch
    return wrapper


def _hide_frames(error: BaseException) -> None:
    """Take the frames of this file out of a traceback: they say nothing about the code.

    A bare `raise` afterwards does not add the frame it stands in again.
    """
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals is globals():
        traceback = traceback.tb_next
    if traceback is not None:
        error.__traceback__ = traceback


def _plain_wrapper(watch: Watch, function: Any) -> Any:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        active = _active.get(_NONE)
        try:
            if id(watch) in active:
                return function(*args, **kwargs)
            call = watch.begin(args, kwargs) or _UNSEEN
            token = _active.set(active | {id(watch)})
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                call.fail(error)
                raise
            finally:
                _active.reset(token)
            call.succeed(result)
            return result
        except BaseException as error:
            _hide_frames(error)
            raise

    return wrapper


def _watched(inner: Generator[Any, Any, Any], call: WatchedCall | None) -> Generator[Any, Any, Any]:
    """`yield from inner`, with what passes noted (PEP 380)."""
    if call is None:
        return (yield from inner)
    call.start()
    try:
        item = next(inner)
        while True:
            call.item(item)
            try:
                sent = yield item
            except GeneratorExit:
                inner.close()
                call.close()
                raise
            except BaseException as error:
                call.disturb("an exception thrown into the generator")
                item = inner.throw(error)
            else:
                if sent is not None:
                    call.disturb("a value sent into the generator")
                item = inner.send(sent)
    except StopIteration as stop:
        call.succeed(stop.value)
        return stop.value
    except GeneratorExit:
        raise
    except BaseException as error:
        call.fail(error)
        raise


async def _watched_async(
    inner: AsyncGenerator[Any, Any], call: WatchedCall | None
) -> AsyncGenerator[Any, Any]:
    if call is None:
        async for item in inner:
            yield item
        return
    call.start()
    try:
        async for item in inner:
            call.item(item)
            yield item
    except GeneratorExit:
        call.close()
        await inner.aclose()
        raise
    except BaseException as error:
        call.fail(error)
        raise
    call.succeed(None)
