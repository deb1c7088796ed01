"""What the code of a session can use."""

import platform
from importlib import metadata
from typing import Any


def describe() -> dict[str, Any]:
    """The version of Python, and the installed distributions with their versions."""
    packages: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        # The first one found is the one that imports find; a broken installation has no name.
        if isinstance(name, str):
            packages.setdefault(name, distribution.version or "")
    return {"python": platform.python_version(), "packages": packages}
