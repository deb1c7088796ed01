"""Make stored actions callable: each in a module of its own, so that names never collide."""

import hashlib
import importlib.util
import linecache
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dynasaur_library.origins import ACTION_ATTRIBUTE
from dynasaur_library.watching import WatchedCall, allow_recursion, watched

Record = Mapping[str, Any]
"""A stored action: `name`, `hash`, `version`, `source`, `dependencies`, `hostFunctions`."""

_MODULES = "__dynasaur_modules__"
_codes: dict[str, types.CodeType] = {}


def load(actions: Iterable[Record], namespace: dict[str, Any]) -> dict[str, Any]:
    """Import actions into a session's globals; the functions made, by name.

    `actions` come in order, dependencies first. Only those marked `"bind"` become globals of the
    session; the others are there for those that call them. A second load of the same hash gives
    the same function.
    """
    modules = _modules_of(namespace)
    made = {}
    for action in actions:
        module = modules.get(action["hash"])
        if module is None:
            module = modules[action["hash"]] = _imported(action, namespace, modules)
        function = vars(module)[action["name"]]
        if action.get("bind", True):
            namespace[action["name"]] = function
            made[action["name"]] = function
    return made


def contents_of(action: Record, namespace: dict[str, Any]) -> dict[str, Any]:
    """The names of the module that `action` was imported into."""
    return vars(_modules_of(namespace)[action["hash"]])


def usage_of(namespace: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Calls, failures and seconds of each loaded action since the last question, by hash."""
    found = {}
    for key, module in _modules_of(namespace).items():
        counter = vars(module).get("__dynasaur_usage__")
        if counter is not None and counter.calls:
            found[key] = counter.drain()
    return found


def compiled(source: str, filename: str) -> types.CodeType:
    """The code object of a source, kept by its hash: compiling takes 20 times as long as running.

    Only this process's own compiler ever fills it.
    """
    key = hashlib.sha256(f"{filename}\0{source}".encode("utf-8", "surrogatepass")).hexdigest()
    code = _codes.get(key)
    if code is None:
        code = _codes[key] = compile(source, filename, "exec", dont_inherit=True)
    return code


def file_name(action: Record) -> str:
    """How tracebacks name the source of an action."""
    return f"<action {action['name']} {action['hash'][:12]}>"


class Usage(WatchedCall):
    """Counts the calls of one action in one session: a recursion, or a generator, is one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = self.failures = 0
        self.last_error: str | None = None

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> WatchedCall:
        del args, kwargs
        self.calls += 1
        return self

    def fail(self, error: BaseException) -> None:
        self.failures += 1
        self.last_error = f"{type(error).__qualname__}: {error}"[:500]

    def drain(self) -> dict[str, Any]:
        """The counts so far, which start again at zero."""
        counts = {"calls": self.calls, "failures": self.failures, "lastError": self.last_error}
        self.calls = self.failures = 0
        self.last_error = None
        return counts


def _imported(
    action: Record, namespace: dict[str, Any], modules: Mapping[str, types.ModuleType]
) -> types.ModuleType:
    filename = file_name(action)
    source = action["source"]
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    name = f"{namespace.get('__name__', 'session')}.{action['name']}_{action['hash'][:12]}"
    module = types.ModuleType(name)
    module.__file__ = filename
    module.__spec__ = importlib.util.spec_from_loader(name, loader=None, origin=filename)
    contents = vars(module)
    for dependency in action["dependencies"]:
        needed = modules.get(dependency["hash"])
        if needed is None:
            raise ImportError(
                f"the action {action['name']} calls {dependency['action']}, "
                "which the library no longer has in that version"
            )
        contents[dependency["name"]] = vars(needed)[dependency["action"]]
    for host_function in action.get("hostFunctions", []):
        contents[host_function] = _host_function(host_function, action, namespace)
    sys.modules[name] = module
    try:
        exec(compiled(source, filename), contents)
        if not callable(contents.get(action["name"])):
            raise ImportError(f"the source of {action['name']} does not define it")
    except BaseException:
        sys.modules.pop(name, None)
        raise
    usage = contents["__dynasaur_usage__"] = Usage(action["name"])
    function = watched(usage, contents[action["name"]])
    setattr(function, ACTION_ATTRIBUTE, {"name": action["name"], "hash": action["hash"]})
    contents[action["name"]] = function
    return module


def _host_function(name: str, action: Record, namespace: dict[str, Any]) -> Callable[..., Any]:
    """What the session offers under `name` when it is called, for sessions may add it later."""

    def forward(*args: Any, **kwargs: Any) -> Any:
        function = namespace.get(name)
        if not callable(function):
            raise NameError(f"{action['name']} calls {name}, which this session does not offer")
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
