"""What only a worker process does: prepare before sessions are forked, and part from the others."""

import contextlib
import faulthandler
import gc
import importlib
import os
import random
import sys
import tempfile
import time
import uuid

import dynasaur_runtime.checkpoint  # noqa: F401 (loaded once for all sessions)


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
    # Objects of now are left alone by the collector, so that sessions go on sharing their memory.
    gc.collect()
    gc.freeze()


def begin(environment: list[str]) -> None:
    """Make the forked process a session of its own."""
    os.environ.clear()
    os.environ.update(variable.split("=", 1) for variable in environment)
    time.tzset()
    # A crash tells where it happened: on descriptor 2, which the host reads.
    faulthandler.enable(2)
    _part_random_numbers()


def _part_random_numbers() -> None:
    """Sessions are forked from one state: without this they would all draw the same numbers."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()
    tempfile._name_sequence = None
    tempfile.tempdir = None  # TMPDIR of this session.
    uuid._node = uuid._last_timestamp = None
