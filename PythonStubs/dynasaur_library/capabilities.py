"""What calls do outside their own memory: noted while they are recorded, bounded later.

An action declares the kinds of effects that its calls were seen to have. A call of it that does
more is refused with PermissionError. This keeps an action to what was accepted; hostile code in
the same interpreter could undo it, and is bounded by the process it runs in.
"""

import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Protocol

from dynasaur_library.effects import EVENTS, Effect, Places, effects_of, imports_a_module

try:
    from _dynasaur import current_globals as _session
except ImportError:  # A Python without sessions.

    def _session() -> object:
        """The variables of the session whose code runs."""
        return None


class Refuser(Protocol):
    """Who is told that a call of an action was refused something."""

    def refused(self, kind: str, target: str) -> None:
        """It wanted this effect."""


class Declaration:
    """The kinds of effects that one action may have."""

    def __init__(self, name: str, kinds: frozenset[str]) -> None:
        self.name = name
        self.kinds = kinds


class EffectNotDeclared(PermissionError):
    """A call of an action had an effect of a kind that it was not accepted with."""


DECLARATION = "__dynasaur_declaration__"
"""Where the module of a loaded action keeps its declaration: each session has modules of its own."""

_recording: list[tuple[object, set[Effect]]] = []
"""Where the effects of the calls that are being recorded go, by the variables of their session."""
_places: Places | None = None
_lock = threading.Lock()


def declare(module: dict[str, Any], name: str, kinds: frozenset[str]) -> None:
    """Hold the code of an action's module to these kinds of effects."""
    _install()
    module[DECLARATION] = Declaration(name, kinds)


def begin_recording(effects: set[Effect]) -> None:
    """Note what this session does from now on; also in threads, which a call may have started."""
    _install()
    _recording.append((_session(), effects))


def end_recording(effects: set[Effect]) -> None:
    """Stop to note into this set."""
    for index, (_, other) in enumerate(_recording):
        if other is effects:
            del _recording[index]
            break


def _install() -> None:
    global _places
    with _lock:
        if _places is not None:
            return
        _places = Places()
        _without_session(lambda: sys.addaudithook(_see))


def _without_session(body: Any) -> None:
    """Run `body` in a thread of no session: their guard rails allow no hooks."""
    try:
        from dynasaur_runtime.streams import _start_thread
    except ImportError:
        body()
        return
    done = threading.Lock()
    done.acquire()

    def run() -> None:
        try:
            body()
        finally:
            done.release()

    _start_thread(run, ())
    done.acquire()


def _see(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in EVENTS or _places is None:
        return
    actions = list(_running_actions(sys._getframe(1)))
    if not (actions or _recording):
        return
    session = _session() if _recording else None
    recording = [effects for owner, effects in _recording if owner is session]
    if not (actions or recording):
        return
    found = effects_of(event, arguments, _places)
    if not found or imports_a_module():
        return
    for effect, _, path in found:
        for effects in recording:
            effects.add(effect)
        for declaration, usage in actions:
            if effect.kind not in declaration.kinds:
                target = path or effect.target
                if usage is not None:
                    usage.refused(effect.kind, target)
                raise EffectNotDeclared(
                    f"{declaration.name} was accepted without {effect.kind} effects, and this call "
                    f"wants one ({target}). If it should, a person can allow it: `dynasaur actions "
                    f"trust {declaration.name} --allow {effect.kind}`"
                )


def _running_actions(frame: FrameType | None) -> Iterator[tuple[Declaration, Refuser | None]]:
    """The actions with a declaration that are being called, innermost first."""
    while frame is not None:
        declaration = frame.f_globals.get(DECLARATION)
        if declaration is not None:
            yield declaration, frame.f_globals.get("__dynasaur_usage__")
        frame = frame.f_back
