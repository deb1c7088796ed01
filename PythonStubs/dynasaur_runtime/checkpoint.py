"""What a session can be continued from in another process: variables, sources, working directory."""

import contextlib
import linecache
import os
import sys
import types

from dynasaur_runtime import session_pickle


def save(variables: dict, limit: int) -> tuple[bytes, list[str], dict[str, str]]:
    """(bytes, names saved, {name: why it was not saved})."""
    state = {
        "variables": _candidates(variables),
        "sources": {
            name: entry[2] for name, entry in linecache.cache.items() if name.startswith("<") and len(entry) > 2
        },
        "path": list(sys.path),
        "directory": _working_directory(),
    }
    skipped: dict[str, str] = {}
    try:
        data = session_pickle.dump(state, variables, limit)
    except Exception:  # One of them: find out which, and how large the others are.
        state["variables"], skipped = _divide(state["variables"], variables, limit)
        data = session_pickle.dump(state, variables, 2 * limit)
    return data, list(state["variables"]), skipped


def restore(data: bytes, module: types.ModuleType) -> list[str]:
    """Set the variables; returns their names."""
    state = session_pickle.load(data, module)
    module.__dict__.update(state["variables"])
    for name, lines in state["sources"].items():
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
    sys.path[:] = state["path"]
    if state["directory"]:
        with contextlib.suppress(OSError):
            os.chdir(state["directory"])
    return list(state["variables"])


def _candidates(variables: dict) -> dict[str, object]:
    return {
        name: value
        for name, value in variables.items()
        if not (name.startswith("__") and name.endswith("__"))
        and not session_pickle.is_host_function(value)
        and not _is_initial_action(value)
        and value is not variables
    }


def _is_initial_action(value: object) -> bool:
    """Whether the host puts it into each new process itself."""
    return isinstance(value, types.FunctionType) and str(value.__module__).startswith("dynasaur_actions.")


def _divide(
    candidates: dict[str, object], variables: dict, limit: int
) -> tuple[dict[str, object], dict[str, str]]:
    """What can be saved, the small before the large, and why the rest cannot."""
    sizes: dict[str, int] = {}
    skipped: dict[str, str] = {}
    for name, value in candidates.items():
        try:
            sizes[name] = len(session_pickle.dump(value, variables, limit))
        except Exception as error:
            skipped[name] = str(error) or type(error).__name__
    left = limit
    kept = set()
    for name, size in sorted(sizes.items(), key=lambda item: item[1]):
        left -= size
        if left < 0:
            skipped[name] = "with it the checkpoint would be larger than it may be"
        else:
            kept.add(name)
    return {name: value for name, value in candidates.items() if name in kept}, skipped


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
