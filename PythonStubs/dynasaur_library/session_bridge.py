"""What Swift calls over a session, named by its module. Requests and answers are JSON."""

import ast
import json
import sys
from typing import Any

from dynasaur_library import loading, offers
from dynasaur_library.capture import captured_or_refused
from dynasaur_library.loading import load_stored, usage_of
from dynasaur_library.names import name_use
from dynasaur_library.origins import stored_action
from dynasaur_library.recording import called_functions, record_of, recorded_calls, recorder_of


def candidates(module: str, names: str) -> str:
    """Capture functions with their recorded calls: those in the JSON list `names`.

    `null` instead of a list means all functions that the last step called.
    """
    namespace = _globals(module)
    wanted: list[str] | None = json.loads(names)
    found = []
    for name in called_functions(namespace) if wanted is None else wanted:
        if stored_action(namespace.get(name)):
            continue
        record = record_of(name, namespace)
        found.append(
            {
                **captured_or_refused(name, namespace),
                "calls": recorded_calls(name, namespace),
                "callCount": record.count if record else 0,
            }
        )
    return json.dumps(found)


def defined(module: str) -> str:
    """The names of the functions that the session's steps define, in order."""
    return json.dumps(list(recorder_of(_globals(module)).functions))


def load_actions(module: str, wanted: str, records: str) -> str:
    """Load stored actions; the keys of those whose record is wanted first. See `load_stored`."""
    return json.dumps(load_stored(json.loads(wanted), json.loads(records), _globals(module)))


def close_offers(module: str) -> str:
    """Take back the offered actions that no code took; the hashes of those that it did."""
    return json.dumps(offers.close_offers(_globals(module)))


def function_path(module: str, key: str) -> str:
    """The path by which the host binds the function of a loaded action, as JSON."""
    return json.dumps(loading.function_path(key, _globals(module)))


def refuse(module: str, name: str, reason: str) -> str:
    """Let a name say why what it stands for is not loaded."""
    loading.refuse(name, reason, _globals(module))
    return "null"


def unbound_names(module: str, code: str) -> str:
    """The names that a step reads and neither it nor the session binds."""
    namespace = _globals(module)
    try:
        use = name_use(ast.parse(code).body)
    except (SyntaxError, ValueError):
        return "[]"
    wanted = (use.eager | use.lazy | use.hints) - use.binds
    return json.dumps(sorted(name for name in wanted if name not in namespace))


def drained_usage(module: str) -> str:
    """Calls and failures of the loaded actions since the last question, by hash."""
    return json.dumps(usage_of(_globals(module)))


def _globals(module: str) -> dict[str, Any]:
    return vars(sys.modules[module])
