"""See, through audit events (PEP 578), what code does outside its own memory.

The hook refuses what leaves the working directory: it is a guard rail that keeps a check from
repeating an action's effects, not a boundary against hostile code.
"""

import os
import sys
from dataclasses import dataclass
from typing import Any

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.remove": 1,
    "os.rename": 2,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.link": 2,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.utime": 1,
}
_READS = {"os.listdir", "os.scandir", "os.chdir"}
_NETWORK = {
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
}
_PROCESSES = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "os.kill",
    "os.killpg",
    "pty.spawn",
}
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/etc/localtime")


@dataclass(frozen=True, order=True)
class Effect:
    """`read`, `write`, `network`, `process` or `native`, and on what."""

    kind: str
    target: str


class EffectRefused(PermissionError):
    """Raised where code tries what a check must not repeat."""


class EffectLog:
    """The effects seen so far.

    Reads are let through, and writes below `directory` or in the folders for temporary files.
    """

    def __init__(self, directory: str) -> None:
        self.directory = os.path.realpath(directory)
        own = (os.environ.get(name) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME"))
        self._temporary = tuple(os.path.realpath(path) for path in own if path)
        self.effects: set[Effect] = set()
        self.refused: set[Effect] = set()
        self.missing: set[str] = set()
        """Paths that were to be read and are not there."""
        self.watching = False
        prefixes = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]
        roots = {os.path.realpath(prefix) for prefix in prefixes if prefix and prefix != "/"}
        self._library = tuple(root + os.sep for root in roots if root != self.directory)
        self._library += ("/lib/", "/proc/", "/sys/")

    def install(self) -> None:
        """Start to see events; an audit hook can never be taken out again."""
        sys.addaudithook(self._see)

    def clear(self) -> None:
        """Forget what was seen so far."""
        self.effects.clear()
        self.refused.clear()
        self.missing.clear()

    def refuse(self, kind: str, target: str) -> None:
        """Note an effect that is not let through, and raise."""
        effect = Effect(kind, target)
        self.effects.add(effect)
        self.refused.add(effect)
        raise EffectRefused(f"{kind} of {target} is not repeated while an action is checked")

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.watching:
            return
        if event == "open":
            self._see_open(*arguments)
        elif event in _CHANGES:
            for path in arguments[: _CHANGES[event]]:
                self._see_path("write", path)
        elif event in _READS:
            self._see_path("read", arguments[0] if arguments else ".")
        elif event in _NETWORK:
            if not _is_local_socket(event, arguments):
                self._see_outside("network", _address(arguments))
        elif event in _PROCESSES:
            named = arguments and isinstance(arguments[0], str | bytes)
            self._see_outside("process", os.fsdecode(arguments[0]) if named else event)
        elif event == "ctypes.dlopen":
            self._note("native", str(arguments[0]))
        elif event == "sqlite3.connect" and arguments[0] != ":memory:":
            self._see_path("write", arguments[0])

    def _see_open(self, path: Any, mode: Any, flags: Any = 0) -> None:
        if isinstance(path, int):
            return
        writes = isinstance(flags, int) and flags & _WRITE_FLAGS
        if isinstance(mode, str):
            writes = writes or any(letter in mode for letter in "wax+")
        self._see_path("write" if writes else "read", path)

    def _see_path(self, kind: str, path: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        if os.path.basename(os.fsdecode(path)).startswith("<"):
            return  # Python looks for the source of a step or an action, to show its line.
        full = os.path.realpath(os.fsdecode(path))
        if full in _DEVICES or _imports_a_module():
            return
        inside = _is_below(full, self.directory)
        if kind == "read" and not os.path.lexists(full):
            self.missing.add(self._shown(full, inside))
        if not inside and any(_is_below(full, folder) for folder in self._temporary):
            self._note(kind, "a temporary file")
        elif kind == "read":
            if inside or not full.startswith(self._library):
                self._note(kind, self._shown(full, inside))
        elif inside:
            self._note(kind, self._shown(full, inside))
        else:
            self.refuse(kind, full)

    def _shown(self, full: str, inside: bool) -> str:
        return os.path.relpath(full, self.directory) if inside else full

    def _see_outside(self, kind: str, target: str) -> None:
        if not _imports_a_module():
            self.refuse(kind, target)

    def _note(self, kind: str, target: str) -> None:
        if not _imports_a_module():
            self.effects.add(Effect(kind, target))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _address(arguments: tuple[Any, ...]) -> str:
    for argument in arguments:
        if isinstance(argument, tuple) and argument:
            return ":".join(str(part) for part in argument[:2])
        if isinstance(argument, str | bytes):
            return os.fsdecode(argument)
    return "the network"


def _is_local_socket(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether it is the pair of sockets that an event loop makes for itself."""
    return event == "socket.bind" and not arguments


def _imports_a_module() -> bool:
    """Whether the event comes from a module that is being imported, not from the action."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name == "<frozen importlib._bootstrap>":
            return True
        if name.startswith("<action "):
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return False
