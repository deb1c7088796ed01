"""What only a worker process does: prepare before sessions are forked, and part from the others."""

import contextlib
import faulthandler
import gc
import importlib
import os
import sys
import tempfile
import time
import uuid

import dynasaur_runtime.checkpoint  # noqa: F401 (loaded once for all sessions)
from dynasaur_runtime.engine import Engine


# What most steps do. Twice as often as Python needs to specialise its code.
_TYPICAL_STEPS = ("1 + 1", "x = [1, 'a']\nx", "print(2)", "def f(n):\n    return n\nf(3)", "import math", "1 / 0")
_ROUNDS = 16

_engine: Engine


def prepare(modules: list[str]) -> None:
    """Import what sessions often use, once for all of them."""
    for name in modules:
        # What is not installed is not needed; what fails says so when a session imports it.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    # Loaded on first use, which for each session is when its random numbers are parted from the others'.
    if "numpy" in sys.modules:
        with contextlib.suppress(Exception):
            importlib.import_module("numpy.random")
    # A crash tells where it happened: on descriptor 2, which the host reads once it is a session's.
    faulthandler.enable(2)


def warm_up(engine: Engine) -> None:
    """Run the engine until its code is specialised and its caches are filled, then forget the steps.

    Otherwise each session would do it anew, each time on a copy of the pages that it touches.
    """
    global _engine
    _engine = engine
    variables = dict(engine.globals)
    for _ in range(_ROUNDS):
        for step in _TYPICAL_STEPS:
            engine.execute(step)
        engine.call("f", [4], {})
        engine.names()
        _begin(dict(os.environ))
    engine.forget(variables)
    # Objects of now are left alone by the collector, so that sessions go on sharing their memory.
    gc.collect()
    gc.freeze()


def begin(environment: list[str]) -> None:
    """Make the forked process a session of its own."""
    _engine.part()
    _begin(dict(variable.split("=", 1) for variable in environment))


def _begin(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    if "TZ" in environment:
        time.tzset()
    _part_random_numbers()


def _part_random_numbers() -> None:
    """Sessions are forked from one state: without this they would all draw the same numbers."""
    # The module `random` sees to itself (os.register_at_fork).
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()
    tempfile._name_sequence = None
    tempfile.tempdir = None  # TMPDIR of this session.
    uuid._node = uuid._last_timestamp = None
