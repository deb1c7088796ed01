"""Standard streams that belong to the session whose code prints, in all of its threads."""

import _thread
import builtins
import io
import sys
import threading

import _dynasaur

# The variable that holds the function which answers for `input`.
ANSWERS_INPUT = "__answers_input__"


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`: bytes are printed as the text they encode."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        data = bytes(data)
        _dynasaur.write(self._descriptor, data.decode("utf-8", "replace"))
        return len(data)


class SessionOutput(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of every session."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name
        self.buffer = _Bytes(descriptor)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return _dynasaur.write(self._descriptor, text)

    def close(self) -> None:
        """Stays open: the stream is shared by all sessions."""


def _ask(prompt: str) -> str:
    """A line of input, without its end, from the Swift function that answers for this session."""
    session = _dynasaur.current_globals()
    answer = None if session is None else session.get(ANSWERS_INPUT)
    if answer is None:
        raise RuntimeError(
            "this session has no input to read: put the value into the code, or ask for it in the answer"
        )
    line = answer(prompt)
    if line is None:
        raise EOFError("the input ended")
    return line


_read_line = builtins.input


def session_input(prompt: object = "", /) -> str:
    """`input` of every session: shows the prompt, and reads a line."""
    if not isinstance(sys.stdin, SessionInput):  # Code that put another stream in its place.
        return _read_line(prompt)
    prompt = str(prompt)
    sys.stdout.write(prompt)
    return _ask(prompt)


class SessionInput(io.TextIOBase):
    """`sys.stdin` of every session."""

    encoding = "utf-8"
    name = "<stdin>"

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        """One answer: there is no telling whether more would come."""
        return self.readline()

    def readline(self, size: int | None = -1) -> str:
        try:
            return _ask("") + "\n"
        except EOFError:
            return ""

    def close(self) -> None:
        """Stays open: the stream is shared by all sessions."""


_start_thread = _thread.start_new_thread

# The threads that sessions' code started and that still run, by the session's variables.
_threads: dict[int, set[int]] = {}


def _run_for_session(session, function, args, kwargs) -> None:
    _dynasaur.enter_session(session)
    identity, number = id(_dynasaur.current_globals()), _thread.get_ident()
    _threads.setdefault(identity, set()).add(number)
    try:
        function(*args, **kwargs)
    finally:
        _dynasaur.end_thread()
        running = _threads.get(identity, set())
        running.discard(number)
        if not running:
            _threads.pop(identity, None)


def stop_threads(variables: dict) -> None:
    """Raise SystemExit in the threads that still work for a session, which ends."""
    for number in list(_threads.get(id(variables), ())):
        _dynasaur.exit_thread(number)


def forget_thread() -> None:
    """Let go of what `threading` made up for the calling thread, which it did not start, and which ends."""
    with threading._active_limbo_lock:
        if isinstance(threading._active.get(_thread.get_ident()), threading._DummyThread):
            del threading._active[_thread.get_ident()]


def start_new_thread(function, args, kwargs={}, /):
    """Start a thread that works for the session of the thread that starts it."""
    session = _dynasaur.current_session()
    if session is None:
        return _start_thread(function, args, kwargs)
    _dynasaur.begin_thread()
    try:
        return _start_thread(_run_for_session, (session, function, args, kwargs))
    except BaseException:
        _dynasaur.end_thread()
        raise


def install() -> None:
    sys.stdout = sys.__stdout__ = SessionOutput(1, "<stdout>")
    sys.stderr = sys.__stderr__ = SessionOutput(2, "<stderr>")
    sys.stdin = sys.__stdin__ = SessionInput()
    builtins.input = session_input
    _thread.start_new_thread = _thread.start_new = start_new_thread
    threading._start_new_thread = start_new_thread
