"""Make stored actions callable: each in a module of its own, so that names never collide."""

import linecache
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from typing import Any

from dynasaur_library.capabilities import declare
from dynasaur_library.fingerprint import content_hash
from dynasaur_library.origins import ACTION_ATTRIBUTE
from dynasaur_library.watching import WatchedCall, allow_recursion, watched

Record = Mapping[str, Any]
"""A stored action: `name`, `hash`, `version`, `source`, `dependencies`, `hostFunctions` and, where
they are known, its `capabilities`."""

_MODULES = "__dynasaur_modules__"
_NOTE_USE = "__dynasaur_note_use__"


class ActionChanged(ImportError):
    """The source of a stored action is not the one that its hash stands for."""


class StoredAction:
    """What this process keeps of an action: above all its code, compiled here from its source.

    Compiling takes 20 times as long as running. The code is kept in memory only, so it is always of
    this Python's version, and nothing but this process's own compiler ever makes it.
    """

    def __init__(self, action: Record) -> None:
        self.name: str = action["name"]
        self.hash: str = action["hash"]
        self.filename = file_name(action)
        self.module_suffix = f".{self.name}_{self.hash[:12]}"
        self.dependencies = [
            (needed["name"], needed["action"], needed["hash"]) for needed in action["dependencies"]
        ]
        self.host_functions: list[str] = list(action.get("hostFunctions", []))
        capabilities = action.get("capabilities")
        self.capabilities = None if capabilities is None else frozenset(capabilities)
        self.mark = {"name": self.name, "hash": self.hash}
        source = action["source"]
        lines = source.splitlines(keepends=True)
        self._lines = (len(source), None, lines, self.filename)
        self.code = compile(source, self.filename, "exec", dont_inherit=True)

    def show_source(self) -> None:
        """Let tracebacks and `inspect` show its lines."""
        linecache.cache[self.filename] = self._lines


_stored: dict[str, StoredAction] = {}
"""By the key that the host gives: another content or another text is another key."""


def load(actions: Iterable[Record], namespace: dict[str, Any]) -> None:
    """Import actions, dependencies first, into a session's globals, each under its name."""
    modules = _modules_of(namespace)
    for action in actions:
        _bind(StoredAction(action), [action["name"]], namespace, modules)


def load_stored(
    wanted: Iterable[Sequence[str]], records: Mapping[str, Record], namespace: dict[str, Any]
) -> list[str]:
    """Import actions into a session's globals. Each is a list of its key and the names to bind.

    They come dependencies first. A second load of the same gives the same function. Returns the
    keys that this process has never seen and that `records` lacks; then nothing was loaded.
    """
    for key, record in records.items():
        _check_hash(record)
        _stored[key] = StoredAction(record)
    wanted = list(wanted)
    missing = [key for key, *_ in wanted if key not in _stored]
    if not missing:
        modules = _modules_of(namespace)
        for key, *names in wanted:
            _bind(_stored[key], names, namespace, modules)
    return missing


def is_stored(key: str) -> bool:
    """Whether this process has compiled the action that the host gives this key."""
    return key in _stored


def function_path(key: str, namespace: dict[str, Any]) -> str:
    """`module:name` of a loaded action's function, by its hash."""
    module = _modules_of(namespace)[key]
    return f"{module.__name__}:{vars(module)['__dynasaur_usage__'].name}"


def refuse(name: str, reason: str, namespace: dict[str, Any]) -> None:
    """Bind a name to a function that raises PermissionError with `reason`."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        raise PermissionError(reason)

    refused.__name__ = refused.__qualname__ = name
    namespace[name] = refused


def contents_of(action: Record, namespace: dict[str, Any]) -> dict[str, Any]:
    """The names of the module that `action` was imported into."""
    return vars(_modules_of(namespace)[action["hash"]])


def usage_of(namespace: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Calls and failures of each loaded action since the last question, by hash."""
    found = {}
    for key, module in _modules_of(namespace).items():
        usage = vars(module).get("__dynasaur_usage__")
        if usage is not None and usage.calls:
            found[key] = usage.drain()
    return found


def file_name(action: Record) -> str:
    """How tracebacks name the source of an action."""
    return f"<action {action['name']} {action['hash'][:12]}>"


class Usage(WatchedCall):
    """Counts the calls of one action in one session: a recursion, or a generator, is one."""

    __slots__ = ("_namespace", "_refusals", "calls", "failures", "last_error", "name")

    def __init__(self, name: str, namespace: dict[str, Any]) -> None:
        self.name = name
        self.calls = self.failures = 0
        self.last_error: str | None = None
        self._namespace = namespace
        self._refusals: set[tuple[str, str]] = set()

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> WatchedCall:
        del args, kwargs
        self.calls += 1
        if self.calls == 1 and _NOTE_USE in self._namespace:
            self._namespace[_NOTE_USE]()
        return self

    def refused(self, kind: str, target: str) -> None:
        """A call wanted an effect that the action does not declare."""
        self._refusals.add((kind, target))

    def fail(self, error: BaseException) -> None:
        self.failures += 1
        self.last_error = f"{type(error).__qualname__}: {error}"[:500]

    def drain(self) -> dict[str, Any]:
        """The counts so far, which start again at zero."""
        counts = {
            "calls": self.calls,
            "failures": self.failures,
            "lastError": self.last_error,
            "refusals": [f"{kind} of {target}" for kind, target in sorted(self._refusals)],
        }
        self.calls = self.failures = 0
        self._refusals.clear()
        self.last_error = None
        return counts


def _check_hash(record: Record) -> None:
    uses = [(needed["name"], needed["hash"]) for needed in record["dependencies"]]
    if content_hash(record["name"], record["source"], uses) != record["hash"]:
        raise ActionChanged(
            f"the source of {record['name']} (version {record['version']}) is not what was accepted: "
            "the library's file was changed by something else. Remove the action and add it again, "
            "or restore the library from an export"
        )


def _bind(
    stored: StoredAction,
    names: Sequence[str],
    namespace: dict[str, Any],
    modules: dict[str, types.ModuleType],
) -> None:
    module = modules.get(stored.hash)
    if module is None:
        module = modules[stored.hash] = _imported(stored, namespace, modules)
    if names:
        function = vars(module)[stored.name]
        for name in names:
            namespace[name] = function


def _imported(
    stored: StoredAction, namespace: dict[str, Any], modules: Mapping[str, types.ModuleType]
) -> types.ModuleType:
    stored.show_source()
    name = namespace.get("__name__", "session") + stored.module_suffix
    module = types.ModuleType(name)
    contents = vars(module)
    contents["__file__"] = stored.filename
    contents["__spec__"] = ModuleSpec(name, None, origin=stored.filename)
    for used, action, key in stored.dependencies:
        needed = modules.get(key)
        if needed is None:
            raise ImportError(
                f"the action {stored.name} calls {action}, "
                "which the library no longer has in that version"
            )
        contents[used] = vars(needed)[action]
    for host_function in stored.host_functions:
        contents[host_function] = _host_function(host_function, stored.name, namespace)
    if stored.capabilities is not None:
        declare(contents, stored.name, stored.capabilities)
    sys.modules[name] = module
    try:
        exec(stored.code, contents)
        if not callable(contents.get(stored.name)):
            raise ImportError(f"the source of {stored.name} does not define it")
    except BaseException:
        sys.modules.pop(name, None)
        raise
    usage = contents["__dynasaur_usage__"] = Usage(stored.name, namespace)
    function = watched(usage, contents[stored.name])
    setattr(function, ACTION_ATTRIBUTE, stored.mark)
    contents[stored.name] = function
    return module


def _host_function(name: str, action: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """What the session offers under `name` when it is called, for sessions may add it later."""

    def forward(*args: Any, **kwargs: Any) -> Any:
        function = namespace.get(name)
        if not callable(function):
            raise NameError(f"{action} calls {name}, which this session does not offer")
        return function(*args, **kwargs)

    forward.__name__ = forward.__qualname__ = name
    return forward


def _modules_of(namespace: dict[str, Any]) -> dict[str, types.ModuleType]:
    """The modules of the actions loaded into a session; they end with it."""
    modules: dict[str, types.ModuleType] | None = namespace.get(_MODULES)
    if modules is None:
        modules = namespace[_MODULES] = {}
        allow_recursion()
        session = sys.modules.get(namespace.get("__name__", ""))
        if session is not None and vars(session) is namespace:
            weakref.finalize(session, _forget, modules)
    return modules


def _forget(modules: dict[str, types.ModuleType]) -> None:
    for module in modules.values():
        sys.modules.pop(module.__name__, None)
    modules.clear()
