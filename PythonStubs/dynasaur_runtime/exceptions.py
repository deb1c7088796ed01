"""How exceptions are told to Swift, and the exceptions of the runtime itself."""

import builtins
import traceback
from types import TracebackType


class DeadlineExceeded(BaseException):
    """The step ran longer than it may.

    Not an Exception, so that `except Exception` in a loop does not swallow it.
    """

    def __str__(self) -> str:
        return "the code ran longer than its deadline and was stopped"


class Cancelled(BaseException):
    """The caller gave up waiting for the step."""

    def __str__(self) -> str:
        return "the step was cancelled"


class StaleHandle(LookupError):
    """A handle names an object that the session does not hold."""

    def __str__(self) -> str:
        return (
            "this session does not hold the object: it was restored since, or the handle is of another session"
        )


class SwiftError(RuntimeError):
    """An error that a Swift function threw. Python code may catch it."""

    swift_error = 0  # The host's number of the error; 0 for none.


def make_swift_error(message: str, number: int, type_name: str) -> BaseException:
    """The exception of a Swift error; that of a builtin's type when a Python exception comes back."""
    kind = getattr(builtins, type_name, None) if type_name else None
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = SwiftError
    try:
        error = kind(message)
    except TypeError:  # A type that takes other arguments, such as UnicodeDecodeError.
        error = SwiftError(message)
    error.swift_error = number
    return error


# As they are, whatever attributes of the exception's class say.
_cause = BaseException.__cause__.__get__
_context = BaseException.__context__.__get__
_set_traceback = BaseException.__traceback__.__set__
_suppresses_context = BaseException.__suppress_context__.__get__
_members = BaseExceptionGroup.exceptions.__get__


def drop_tracebacks(exception: BaseException | None) -> None:
    """Let go of the frames of an exception, and of those that it was raised in the handlers of."""
    for _ in range(_MAXIMUM_CHAIN):
        if exception is None:
            return
        _set_traceback(exception, None)
        exception = _cause(exception) or _context(exception)


# Frames of the runtime say nothing about the code that failed.
_RUNTIME = "dynasaur_runtime/"
# Causes and groups can be long or cyclic.
_MAXIMUM_CHAIN = 16


def qualified_name(kind: type) -> str:
    try:
        module, name = kind.__module__, kind.__qualname__
    except Exception:  # Of a metaclass.
        module, name = None, type.__dict__["__name__"].__get__(kind)
    # `__main__` and a session's own module say nothing that helps the reader.
    if not isinstance(module, str) or module in ("builtins", "__main__") or module.startswith("__session_"):
        return name
    if module == "dynasaur_runtime.exceptions":
        return name
    return f"{module}.{name}"


def own_frames(tb: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is not the runtime's."""
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(_RUNTIME):
        tb = tb.tb_next
    return tb


# Characters of a message or a traceback; a longer one is cut in the middle.
_LONGEST_TEXT = 1_000_000


def _shortened(text: str) -> str:
    from dynasaur_runtime.plain_data import shorten

    return shorten(text, _LONGEST_TEXT)


def message_of(exception: BaseException) -> str:
    try:
        return _shortened(str(exception))
    except (DeadlineExceeded, Cancelled):
        raise
    except BaseException:
        return "<the exception's text could not be made>"


def _format(exception: BaseException) -> str:
    try:
        lines = traceback.format_exception(
            type(exception), exception, own_frames(exception.__traceback__)
        )
        return _shortened("".join(lines))
    except Exception:  # Too deep, or of the exception's own methods.
        return f"{qualified_name(type(exception))}: {message_of(exception)}\n"


def _notes(exception: BaseException) -> list[str]:
    try:
        notes = getattr(exception, "__notes__", ())
        return [str(note) for note in notes] if isinstance(notes, (list, tuple)) else [repr(notes)]
    except Exception:
        return []


def _swift_error(exception: BaseException) -> int:
    try:
        number = getattr(exception, "swift_error", 0)
    except Exception:
        return 0
    return number if isinstance(number, int) else 0


def describe(exception: BaseException) -> tuple:
    """(type, message, traceback, notes, cause, group members, swift error number)."""
    return _describe(exception, [], with_traceback=True)


def _describe(exception: BaseException, seen: list[int], with_traceback: bool) -> tuple:
    seen.append(id(exception))
    cause = _cause(exception)
    if cause is None and not _suppresses_context(exception):
        cause = _context(exception)
    told_cause = None
    if cause is not None and id(cause) not in seen and len(seen) < _MAXIMUM_CHAIN:
        told_cause = _describe(cause, seen, with_traceback=False)
    members = []
    if issubclass(type(exception), BaseExceptionGroup):
        for member in _members(exception):
            if len(seen) >= _MAXIMUM_CHAIN:
                break
            members.append(_describe(member, seen, with_traceback=False))
    return (
        qualified_name(type(exception)),
        message_of(exception),
        _format(exception) if with_traceback else "",
        _notes(exception),
        told_cause,
        members,
        _swift_error(exception),
    )
