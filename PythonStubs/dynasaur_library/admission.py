"""Check a captured action in a process of its own: does its source alone do what it did?

`check` imports the source as a session would and repeats the recorded calls. It reports what
happened, call by call; what follows from that is decided by whoever asked. `answer` is what the
host calls in a fresh worker.
"""

import asyncio
import builtins
import errno
import importlib
import inspect
import json
import os
import re
import sys
import tempfile
import threading
import types
from collections.abc import Callable
from typing import Any

from dynasaur_library.effects import EffectLog, EffectRefused
from dynasaur_library.equality import same
from dynasaur_library.loading import contents_of, load
from dynasaur_library.values import NotComparable, decode, encode

Report = Callable[[dict[str, Any]], None]

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")
_LIMIT = 1 << 16
_VARIABLE_LIMIT = 1 << 20


def answer(module: str, function: str, request: str) -> str:
    """Call `function` ("package.module:name") with a JSON request, for the host of this process.

    The session `module` offers `report_phase`, which is told of each phase. What is printed goes to
    a file that nobody reads, and there is no input.
    """
    report_phase = vars(sys.modules[module])["report_phase"]
    path, _, name = function.partition(":")
    called = getattr(importlib.import_module(path), name)
    with tempfile.TemporaryFile("w", encoding="utf-8") as nothing:
        for descriptor in (1, 2):
            os.dup2(nothing.fileno(), descriptor)
        sys.stdout = sys.stderr = nothing
        sys.stdin = open(os.devnull, encoding="utf-8")
        outcome = called(json.loads(request), lambda phase: report_phase(json.dumps(phase)))
    return json.dumps(outcome)


def check(request: dict[str, Any], report: Report) -> dict[str, Any]:
    """Import `request["action"]` with its dependencies and repeat `request["calls"]`.

    `report` is told of each phase before it begins, so that whoever stops this process knows what
    it was doing. The working directory is the only place where anything is written.
    """
    action = request["action"]
    log = EffectLog(os.getcwd())
    session = types.ModuleType("admission")
    sys.modules[session.__name__] = session
    namespace = vars(session)
    for name in request.get("hostFunctions", []):
        namespace[name] = _refusing(name, log)
    log.install()
    report({"phase": "dependencies"})
    load(request.get("dependencies", []), namespace)
    report({"phase": "import"})
    outcome = _import(action, namespace, log)
    if outcome["error"] is None:
        contents = contents_of(action, namespace)
        outcome["variables"] = _changed_variables(request.get("variables", {}), contents)
        outcome["calls"] = []
        for number, call in enumerate(request.get("calls", [])):
            report({"phase": "call", "number": number})
            verdict = _repeat(namespace[action["name"]], call, contents, log)
            if request.get("again") and verdict["status"] == "different" and log.missing:
                reason = f"its file {min(log.missing)} is not at hand"
                verdict = {**_verdict("notReplayed", reason), "effects": verdict["effects"]}
            outcome["calls"].append(verdict)
    return outcome


def _refusing(name: str, log: EffectLog) -> Callable[..., Any]:
    def refused(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        log.refuse("host", name)

    return refused


# Import


def _import(action: dict[str, Any], namespace: dict[str, Any], log: EffectLog) -> dict[str, Any]:
    before = _surroundings()
    printed = _printed()
    error = None
    log.watching = True
    try:
        load([action], namespace)
    except BaseException as raised:
        if _is_interruption(raised):
            raise
        error = _described(raised)
    log.watching = False
    effects = [f"{effect.kind} of {effect.target}" for effect in sorted(log.effects)]
    if _printed() != printed:
        effects.append("printing")
    after = _surroundings()
    effects += [f"changing {what}" for what in before if before[what] != after[what]]
    log.clear()
    return {"error": error, "importEffects": effects, "variables": [], "calls": []}


def _is_interruption(error: BaseException) -> bool:
    """Whether the host stops this process: nothing that the action did."""
    return type(error).__module__ == "dynasaur_runtime.exceptions"


def _surroundings() -> dict[str, Any]:
    """What code that is imported has no business to change."""
    return {
        "the working directory": os.getcwd(),
        "environment variables": dict(os.environ),
        "the module search path": list(sys.path),
        "built-in names": dict(vars(builtins)),
        "the running threads": threading.active_count(),
        "the recursion limit": sys.getrecursionlimit(),
    }


def _printed() -> int:
    """How much has been written to standard output, which is a file here."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        return os.fstat(1).st_size
    except OSError:
        return 0


def _changed_variables(recorded: dict[str, Any], contents: dict[str, Any]) -> list[str]:
    """The variables that the source alone does not give the value they had in the session."""
    changed = []
    for name, tree in recorded.items():
        try:
            equal = name in contents and same(tree, encode(contents[name], _VARIABLE_LIMIT))
        except NotComparable:
            equal = False
        if not equal:
            changed.append(name)
    return changed


# Repeating calls


def _repeat(
    function: Any, call: dict[str, Any], contents: dict[str, Any], log: EffectLog
) -> dict[str, Any]:
    if call["opaque_arguments"]:
        return _verdict("notReplayed", f"its arguments hold {call['opaque_arguments']}")
    try:
        arguments = decode(call["arguments"], contents)
        keywords = {key: decode(value, contents) for key, value in call["keywords"]}
    except NotComparable as reason:
        return _verdict("notReplayed", f"its arguments hold {reason}")
    log.clear()
    log.watching = True
    try:
        verdict = _compared(function, arguments, keywords, call)
    except EffectRefused as refused:
        verdict = _verdict("notReplayed", str(refused))
    except BaseException as error:
        if _is_interruption(error):
            raise
        verdict = _compared_exception(error, call)
    log.watching = False
    if log.refused and verdict["status"] == "different":
        verdict = _verdict("notReplayed", f"a {min(log.refused).kind} was not let through")
    verdict["effects"] = [[effect.kind, effect.target] for effect in sorted(log.effects)]
    return verdict


def _compared(
    function: Any, arguments: list[Any], keywords: dict[str, Any], call: dict[str, Any]
) -> dict[str, Any]:
    result = function(*arguments, **keywords)
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    if call["items"] is not None:
        return _compared_items(result, call)
    if call["exception"]:
        return _verdict("different", f"it raised {_shown(call['exception'])} in the session")
    if call["opaque_result"]:
        return _verdict("notComparable", f"its result is {call['opaque_result']}")
    return _compared_value(result, call["result"], "it returned")


def _compared_value(value: Any, recorded: Any, what: str) -> dict[str, Any]:
    try:
        found = encode(value, _LIMIT)
    except NotComparable as reason:
        return _verdict("different", f"{what} {reason}")
    if same(found, recorded):
        return _verdict("equal")
    return _verdict("different", f"{what} {_brief(found)} instead of {_brief(recorded)}")


def _compared_items(result: Any, call: dict[str, Any]) -> dict[str, Any]:
    """Compare what a generator gives, as far as it was read in the session."""
    items, wanted = [], len(call["items"])
    source = _synchronous(result) if hasattr(result, "__anext__") else iter(result)
    ended = False
    for _ in range(wanted + call["exhausted"]):
        try:
            items.append(next(source))
        except StopIteration:
            ended = True
            break
    if call["opaque_result"]:
        return _verdict("notComparable", f"an item is {call['opaque_result']}")
    if call["exhausted"] and wanted < 100 and not ended:
        return _verdict("different", f"it gave more than {wanted} items")
    return _compared_value(items[:wanted], call["items"], "it gave the items")


def _synchronous(source: Any) -> Any:
    with asyncio.Runner() as runner:
        while True:
            try:
                yield runner.run(anext(source))
            except StopAsyncIteration:
                return


def _compared_exception(error: BaseException, call: dict[str, Any]) -> dict[str, Any]:
    found, recorded = _described(error), call["exception"]
    if recorded is None:
        if isinstance(error, FileNotFoundError):
            return _verdict("different", f"it needs the file {error.filename}, which is gone")
        if isinstance(error, PermissionError) and error.errno in (errno.EPERM, errno.EACCES):
            # The process of a check may do less than the session could.
            return _verdict("notReplayed", f"{error.filename or 'an effect'} is not let through")
        return _verdict("different", f"it raised {_shown(found)}")
    recorded = {**recorded, "message": _ADDRESS.sub("0x", recorded["message"])}
    if found != recorded:
        return _verdict("different", f"it raised {_shown(found)}, not {_shown(recorded)}")
    return _verdict("equal")


def _described(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__qualname__, "message": _ADDRESS.sub("0x", str(error))}


def _shown(exception: dict[str, str]) -> str:
    return f"{exception['type']}: {exception['message']}"[:300]


def _brief(tree: Any) -> str:
    try:
        text = repr(decode(tree))
    except (NotComparable, ImportError):
        text = str(tree)
    return text if len(text) <= 100 else f"{text[:60]} … {text[-30:]}"


def _verdict(status: str, detail: str | None = None) -> dict[str, Any]:
    return {"status": status, "detail": detail, "effects": []}
