"""Standard streams that belong to the session whose code prints, in all of its threads."""

import _thread
import io
import sys
import threading

import _dynasaur


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


class SessionInput(io.TextIOBase):
    """`sys.stdin` of every session: there is nobody to answer."""

    encoding = "utf-8"
    name = "<stdin>"

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        raise RuntimeError(
            "this session has no input to read: put the value into the code, or ask for it in the answer"
        )

    def readline(self, size: int | None = -1) -> str:
        return self.read()

    def close(self) -> None:
        """Stays open: the stream is shared by all sessions."""


_start_thread = _thread.start_new_thread


def _run_for_session(session, function, args, kwargs) -> None:
    _dynasaur.enter_session(session)
    function(*args, **kwargs)


def start_new_thread(function, args, kwargs={}, /):
    """Start a thread that works for the session of the thread that starts it."""
    session = _dynasaur.current_session()
    if session is None:
        return _start_thread(function, args, kwargs)
    return _start_thread(_run_for_session, (session, function, args, kwargs))


def install() -> None:
    sys.stdout = sys.__stdout__ = SessionOutput(1, "<stdout>")
    sys.stderr = sys.__stderr__ = SessionOutput(2, "<stderr>")
    sys.stdin = sys.__stdin__ = SessionInput()
    _thread.start_new_thread = _thread.start_new = start_new_thread
    threading._start_new_thread = start_new_thread
