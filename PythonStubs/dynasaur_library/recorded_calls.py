"""What is kept of a function's calls: enough to make them again elsewhere and to compare."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dynasaur_library.capabilities import begin_recording, end_recording
from dynasaur_library.effects import Effect
from dynasaur_library.values import NotComparable, encode
from dynasaur_library.watching import WatchedCall, inside_watched_call

MAX_CALLS = 5
"""How many calls of one function are kept: the first ones."""
MAX_BYTES = 1 << 16
"""How large the arguments, or the result, of a recorded call may be."""
MAX_ITEMS = 100
"""How many values of a generator are kept."""


@dataclass
class RecordedCall(WatchedCall):
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
    effects: list[list[str]] = field(default_factory=list)
    """Kind and target of what it did outside its own memory."""

    def __post_init__(self) -> None:
        self._seen: set[Effect] = set()

    def begin(self) -> None:
        """Note effects from now on."""
        begin_recording(self._seen)

    def _end(self) -> None:
        end_recording(self._seen)
        self.effects = [[effect.kind, effect.target] for effect in sorted(self._seen)]

    def note_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note the arguments, before the function can change them."""
        try:
            self.arguments = encode(list(args), MAX_BYTES)
            self.keywords = [[key, encode(value, MAX_BYTES)] for key, value in kwargs.items()]
        except NotComparable as reason:
            self.opaque_arguments = str(reason)
        except Exception as error:  # an object may misbehave while it is looked at
            self.opaque_arguments = f"a value that raises {type(error).__name__}"

    def start(self) -> None:
        self.items = []

    def item(self, value: Any) -> None:
        if self.items is None or self.opaque_result or len(self.items) >= MAX_ITEMS:
            return
        try:
            self.items.append(encode(value, MAX_BYTES // 8))
        except NotComparable as reason:
            self.opaque_result = str(reason)

    def disturb(self, what: str) -> None:
        self.opaque_arguments = what

    def close(self) -> None:
        self._end()
        self.finished = True

    def succeed(self, result: Any) -> None:
        self._end()
        self.finished = True
        self.exhausted = self.items is not None
        try:
            self.result = encode(result, MAX_BYTES)
        except NotComparable as reason:
            self.opaque_result = str(reason)
        except Exception as error:
            self.opaque_result = f"a value that raises {type(error).__name__}"

    def fail(self, error: BaseException) -> None:
        self._end()
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
        call = RecordedCall(direct=not inside_watched_call())
        call.note_arguments(args, kwargs)
        self.calls.append(call)
        call.begin()
        return call
