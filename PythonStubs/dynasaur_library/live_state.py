"""Say why a value lives only in its session, if it does."""

import asyncio
import collections.abc
import concurrent.futures
import dis
import io
import mmap
import queue
import socket
import sqlite3
import subprocess
import threading
import types
from typing import Any

_KINDS: list[tuple[Any, str]] = [
    (io.IOBase, "an open file"),
    (socket.socket, "a socket"),
    (sqlite3.Connection, "a database connection"),
    (sqlite3.Cursor, "a database cursor"),
    (subprocess.Popen, "a running process"),
    (mmap.mmap, "a memory-mapped file"),
    (threading.Thread, "a thread"),
    (type(threading.Lock()), "a lock"),
    (concurrent.futures.Executor, "a pool of workers"),
    (concurrent.futures.Future, "a pending result"),
    (asyncio.Future, "a pending result"),
    (asyncio.AbstractEventLoop, "an event loop"),
    (queue.Queue, "a queue"),
    (types.FrameType, "a stack frame"),
    (types.TracebackType, "a traceback"),
    (types.CoroutineType, "a coroutine that is under way"),
    (types.AsyncGeneratorType, "an async generator that is under way"),
    (types.GeneratorType, "a generator that is under way"),
    (collections.abc.Iterator, "an iterator that is under way"),
]

_CONTAINERS = (list, tuple, set, frozenset)


def live_state(value: object, depth: int = 3) -> str | None:
    """What `value`, or something inside it, is that no source can make again; None if nothing."""
    if isinstance(value, io.StringIO | io.BytesIO):
        return None
    for kind, description in _KINDS:
        if isinstance(value, kind) and not isinstance(value, type):
            return description
    if depth and type(value) in _CONTAINERS:
        return _first(value, depth)  # type: ignore[arg-type]
    if depth and type(value) is dict:
        return _first(value.values(), depth)
    return None


def closure_state(function: types.FunctionType) -> tuple[str, str] | None:
    """The first variable a function closes over that is live state: its name and what it is."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found = live_state(cell.cell_contents)
        except ValueError:
            continue
        if found:
            return name, found
    return None


def rebound_variables(function: types.FunctionType) -> list[str]:
    """The variables of the enclosing function that `function` assigns to (`nonlocal`)."""
    free = set(function.__code__.co_freevars)
    return sorted(
        {
            instruction.argval
            for instruction in dis.get_instructions(function.__code__)
            if instruction.opname in ("STORE_DEREF", "DELETE_DEREF") and instruction.argval in free
        }
    )


def _first(values: collections.abc.Iterable[object], depth: int) -> str | None:
    for number, value in enumerate(values):
        if number == 100:
            break
        found = live_state(value, depth - 1)
        if found:
            return found
    return None
