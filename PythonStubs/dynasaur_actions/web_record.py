"""What the web gave, kept by the host with the run, so that a replay need not ask the web again."""

from collections.abc import Callable
from typing import Any

from dynasaur_actions import host

# What has more bytes is not kept.
LARGEST = 16 << 20

_ERRORS = {error.__name__: error for error in (PermissionError, ValueError)}


class WebError(OSError):
    """Something of the web cannot be had; the message says why."""


def kept(request: str, ask: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    """What `ask` gives for a request, or gave when the run that is replayed made it.

    Raises WebError, PermissionError and ValueError as it did then.
    """
    is_kept = host.offers("web_record")
    outcome = host.call("web_record", request) if is_kept else None
    if outcome is None:
        outcome = _outcome(ask)
        if is_kept:
            host.call("web_record", request, _without_large(outcome))
    # Raised here in any case: a traceback of a replay is that of its run.
    if outcome[0] == "raised":
        raise _ERRORS.get(outcome[1], WebError)(outcome[2])
    if outcome[0] == "left out":
        raise WebError(f"{request} gave {outcome[1]:,} bytes, which were not kept with the run")
    given: tuple[Any, ...] = outcome[1]
    return given


def _outcome(ask: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    try:
        return ("gave", ask())
    except (WebError, PermissionError, ValueError) as error:
        return ("raised", type(error).__name__, str(error))


def _without_large(outcome: tuple[Any, ...]) -> tuple[Any, ...]:
    if outcome[0] != "gave":
        return outcome
    size = sum(len(part) for part in outcome[1] if isinstance(part, bytes))
    return outcome if size <= LARGEST else ("left out", size)
