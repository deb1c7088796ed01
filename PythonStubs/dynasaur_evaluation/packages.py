"""Where the packages of scorers lie: beside those that agents' code can import, and out of its sight."""

import sys
from importlib import import_module
from pathlib import Path


def make_importable() -> None:
    """Put the scorers' packages on the path, last."""
    folder = str(Path(sys.prefix, "share", "dynasaur", "scoring"))
    if folder not in sys.path:
        sys.path.append(folder)


def missing(names: list[str]) -> list[str]:
    """Those of the modules that cannot be imported."""
    make_importable()
    absent = []
    for name in names:
        try:
            import_module(name)
        except ImportError:
            absent.append(name)
    return absent
