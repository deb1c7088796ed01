"""Put the initial actions among the variables of a session."""

import importlib
import sys

from dynasaur_actions import host


def install(module: str, actions: list[tuple[str, str, str]]) -> None:
    """Bind actions, each given as (name, module that implements it, docstring).

    Nothing heavy is imported: each action imports what it needs when it is called.
    """
    variables = vars(sys.modules[module])
    for name, source, documentation in actions:
        function = getattr(importlib.import_module(source), name)
        function.__doc__ = documentation
        variables[name] = function
    host.register(module)
