"""Packages that code asks for."""

import importlib
import io
import os
import re
import sys
import tempfile
import zipfile

from dynasaur_actions import host

# A name with extras and versions, as pip takes them; no options, no addresses, no paths.
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._, -]*\])?\s*([<>=!~]=?=?\s*[A-Za-z0-9.*+!_-]+\s*,?\s*)*"
)


def install_package(*requirements: str) -> str:
    """Install Python packages, such as 'openpyxl>=3', so that they can be imported."""
    if not requirements:
        raise ValueError("name at least one package, such as install_package('openpyxl')")
    for requirement in requirements:
        if not isinstance(requirement, str) or not _REQUIREMENT.fullmatch(requirement.strip()):
            raise ValueError(
                f"{requirement!r} is not a package name with an optional version, such as 'openpyxl>=3'"
            )
    archive, summary = host.call("fetch_packages", [text.strip() for text in requirements])
    folder = _folder()
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(folder)
    if folder not in sys.path:
        sys.path.append(folder)
    importlib.invalidate_caches()
    return str(summary)


def _folder() -> str:
    """The session's own folder of packages; it ends with the session."""
    variables = vars(sys.modules[host.session()])
    kept = variables.get("__packages__")
    if isinstance(kept, _Folder) and os.path.isdir(kept.name):
        return str(kept.name)
    # In a worker the process may be replaced, and its folder for temporary files is there still.
    variables["__packages__"] = folder = _Folder(prefix="packages-", ignore_cleanup_errors=True)
    return str(folder.name)


class _Folder(tempfile.TemporaryDirectory):  # type: ignore[type-arg]
    """A folder that goes with the session's variables, without a warning."""

    def __del__(self) -> None:
        self.cleanup()
