"""What a session can be continued from in another process: variables, sources, working directory."""

import contextlib
import io
import linecache
import os
import sys
import types

from dynasaur_runtime import session_pickle


def save(variables: dict, limit: int, workspace: str) -> tuple[bytes, list[str], dict[str, str]]:
    """(bytes, names saved, {name: why it was not saved})."""
    surroundings = {
        "kept": _kept(variables, limit // 4),
        "sources": {
            name: entry[2] for name, entry in linecache.cache.items() if name.startswith("<") and len(entry) > 2
        },
        "path": list(sys.path),
        "directory": _directory_from(workspace),
    }
    candidates, skipped = _candidates(variables), {}
    try:
        data = session_pickle.dump(candidates, variables, limit)
    except Exception:  # One of them: find out which, and how large the others are.
        candidates, skipped = _divide(candidates, variables, limit)
        data = session_pickle.dump(candidates, variables, 2 * limit)
    # First, because modules of the variables may lie where only its path leads.
    head = session_pickle.dump(surroundings, variables, limit)
    return head + data, list(candidates), skipped


def restore(data: bytes, module: types.ModuleType, workspace: str) -> tuple[list[str], dict[str, str]]:
    """Set the variables: (names restored, {name: why it was not})."""
    file = io.BytesIO(data)
    surroundings = session_pickle.load(file, module)
    sys.path[:] = surroundings["path"] + [path for path in sys.path if path not in surroundings["path"]]
    for name, lines in surroundings["sources"].items():
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
    module.__dict__.update(session_pickle.load(io.BytesIO(surroundings["kept"]), module))
    variables = session_pickle.load(file, module)
    lost = {}
    for name, value in variables.items():
        if isinstance(value, session_pickle.Missing):
            lost[name] = f"the module {value.__name__} cannot be imported"
        else:
            module.__dict__[name] = value
    if surroundings["directory"]:
        with contextlib.suppress(OSError):
            os.chdir(os.path.join(workspace, surroundings["directory"]))
    return [name for name in variables if name not in lost], lost


def _kept(variables: dict, limit: int) -> bytes:
    """What modules of the host keep for the session, `__kept_…__`: no variables of its code, and no loss
    that its code is told of where it is too large."""
    kept = {
        name: value
        for name, value in variables.items()
        if name.startswith("__kept_") and name.endswith("__")
    }
    try:
        return session_pickle.dump(kept, variables, limit)
    except Exception:
        return session_pickle.dump({}, variables, limit)


def _candidates(variables: dict) -> dict[str, object]:
    return {
        name: value
        for name, value in variables.items()
        if not (name.startswith("__") and name.endswith("__"))
        and not (session_pickle.is_host_function(value) and value.__name__ == name)
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


def _directory_from(workspace: str) -> str | None:
    """The working directory; inside the workspace relative to it, which may be another one next time."""
    try:
        directory = os.getcwd()
    except OSError:
        return None
    inside = os.path.commonpath([directory, workspace]) == workspace
    return os.path.relpath(directory, workspace) if inside else directory
