"""Packages that actions need: imported when they are called, so that a session starts fast."""

import importlib
from types import ModuleType

from dynasaur_actions import host

_DISTRIBUTIONS = {
    "bs4": "beautifulsoup4",
    "docx": "python-docx",
    "pptx": "python-pptx",
    "PIL": "pillow",
    "pypdfium2": "pypdfium2",
}


class MissingPackage(ModuleNotFoundError):
    """A package that an action needs is not installed."""


def require(name: str) -> ModuleType:
    """Import a module that an action needs. Raises MissingPackage, which says how to get it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or name).partition(".")[0]
        distribution = _DISTRIBUTIONS.get(missing, missing)
        advice = (
            f"Install it with install_package({distribution!r}), then call the action again."
            if host.offers("fetch_packages")
            else "This session may not install packages (--allow-install): do without it, or have "
            f"`dynasaur setup` or `pip install {distribution}` run before the next one."
        )
        raise MissingPackage(
            f"this action needs the package {distribution}, which is not installed. {advice}",
            name=missing,
        ) from None
