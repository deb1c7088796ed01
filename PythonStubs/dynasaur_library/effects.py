"""See, through audit events (PEP 578), what code does outside its own memory.

`EffectLog` keeps a check from repeating an action's effects; what bounds hostile code is the
process that the check runs in.
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
HOST_SERVICE = "dynasaur_actions.host"
"""Raised by initial actions that ask the host for something of the outside world."""
EVENTS = frozenset(
    {"open", "ctypes.dlopen", "sqlite3.connect", HOST_SERVICE, *_CHANGES, *_READS}
    | _NETWORK
    | _PROCESSES
)
"""The audit events that tell of effects."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/etc/localtime")


@dataclass(frozen=True, order=True)
class Effect:
    """`read`, `write`, `network`, `process` or `native`, and on what."""

    kind: str
    target: str


class EffectRefused(PermissionError):
    """Raised where code tries what a check must not repeat."""


class Places:
    """Folders by which effects are told apart: the working directory, temporary files, Python."""

    def __init__(self, directory: str | None = None) -> None:
        self._directory = directory and os.path.realpath(directory)
        own = (os.environ.get(name) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME"))
        self.temporary = tuple(os.path.realpath(path) for path in own if path)
        prefixes = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]
        roots = {os.path.realpath(prefix) for prefix in prefixes if prefix and prefix != "/"}
        roots.discard(self.directory)
        self.library = tuple(root + os.sep for root in roots) + ("/lib/", "/proc/", "/sys/")

    @property
    def directory(self) -> str:
        """That of the session now, unless one was given."""
        return self._directory or os.path.realpath(".")


def effects_of(
    event: str, arguments: tuple[Any, ...], places: Places
) -> list[tuple[Effect, bool, str]]:
    """The effects that an audit event tells of.

    Each with whether it stays in the code's own folders, and with its full path, if it has one.
    """
    if event == "open":
        path, mode, flags = (*arguments, 0, 0)[:3]
        writes = isinstance(flags, int) and flags & _WRITE_FLAGS
        if isinstance(mode, str):
            writes = writes or any(letter in mode for letter in "wax+")
        return _path_effect("write" if writes else "read", path, places)
    if event in _CHANGES:
        paths = arguments[: _CHANGES[event]]
        return [found for path in paths for found in _path_effect("write", path, places)]
    if event in _READS:
        return _path_effect("read", arguments[0] if arguments else ".", places)
    if event in _NETWORK:
        if _is_local_socket(event, arguments):
            return []
        return [(Effect("network", _address(arguments)), False, "")]
    if event == HOST_SERVICE:
        return [(Effect("network", str(arguments[0])), False, "")]
    if event in _PROCESSES:
        named = arguments and isinstance(arguments[0], str | bytes)
        return [(Effect("process", os.fsdecode(arguments[0]) if named else event), False, "")]
    if event == "ctypes.dlopen":
        return [(Effect("native", str(arguments[0])), True, "")]
    if event == "sqlite3.connect" and arguments[0] != ":memory:":
        return _path_effect("write", arguments[0], places)
    return []


def _path_effect(kind: str, path: Any, places: Places) -> list[tuple[Effect, bool, str]]:
    if isinstance(path, int) or path is None:
        return []
    if os.path.basename(os.fsdecode(path)).startswith("<"):
        return []  # Python looks for the source of a step or an action, to show its line.
    full = os.path.realpath(os.fsdecode(path))
    if full in _DEVICES:
        return []
    if _is_below(full, places.directory):
        return [(Effect(kind, os.path.relpath(full, places.directory)), True, full)]
    if any(_is_below(full, folder) for folder in places.temporary):
        return [(Effect(kind, "a temporary file"), True, full)]
    if kind == "read" and full.startswith(places.library):
        return []
    return [(Effect(kind, full), False, full)]


class EffectLog:
    """The effects seen so far, while a captured action is checked.

    Reads are let through, and writes below `directory` or in the folders for temporary files.
    """

    def __init__(self, directory: str) -> None:
        self.places = Places(directory)
        self.effects: set[Effect] = set()
        self.refused: set[Effect] = set()
        self.missing: set[str] = set()
        """Paths that were to be read and are not there."""
        self.watching = False

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
        if not self.watching or event not in EVENTS:
            return
        found = effects_of(event, arguments, self.places)
        if not found or imports_a_module():
            return
        for effect, is_own, path in found:
            if effect.kind == "read" and path and not os.path.lexists(path):
                self.missing.add(effect.target)
            if is_own or effect.kind == "read":
                self.effects.add(effect)
            else:
                self.refuse(effect.kind, path or effect.target)


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


def imports_a_module() -> bool:
    """Whether the event comes from a module that is being imported, not from the action."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name == "<frozen importlib._bootstrap>":
            return True
        if name.startswith("<action ") or (name.startswith("<") and "step " in name):
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return False
