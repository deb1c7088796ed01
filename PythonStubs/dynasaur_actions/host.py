"""Ask the host for what a confined session cannot do itself: searches, models, programs.

The host defines a function `__name__` among a session's variables for each service that it offers;
what it does not offer is told as an error that says how to get it.
"""

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_MISSING = {
    "web_search": "no search service is set up: set one of the keys SERPAPI_API_KEY, BRAVE_API_KEY, "
    "TAVILY_API_KEY, or SEARXNG_BASE_URL, and allow the network (--policy network)",
    "web_proxy": "this session has no network: it was opened with the policy 'offline'. Work with the "
    "files that are there, or have the run started with --policy network",
    "render_page": "no browser is set up for pages that need JavaScript: install Chromium and start "
    "the run with --browser; or visit the page without javascript=True",
    "see_image": "no model that sees pictures is set up (--images): use read_image_text for letters, "
    "image_facts and PIL for sizes, colours and pixels",
    "hear_audio": "no model that understands speech is set up (--transcription-model)",
    "recognize_text": "no program that reads letters in pictures is installed: have `dynasaur setup "
    "--with ocr` run (tesseract)",
    "fetch_packages": "packages cannot be installed in this session: use the installed ones and the "
    "standard library",
}

# The module of the session that each thread runs, where one process has several sessions.
_sessions: dict[int, str] = {}


class NotAvailable(RuntimeError):
    """The host does not offer what an action needs; the message says how to get it."""


def register(module: str) -> None:
    """Remember that the calling thread runs the session whose variables are in `module`."""
    for thread in [key for key, name in _sessions.items() if name not in sys.modules]:
        del _sessions[thread]
    _sessions[threading.get_ident()] = module


def session() -> str:
    """The name of the module that holds the variables of the calling session."""
    names = {name for name in _sessions.values() if name in sys.modules}
    if len(names) == 1:
        return names.pop()
    own = _sessions.get(threading.get_ident())
    if own in names:
        return own
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:  # A thread that the session's code started.
        name = frame.f_globals.get("__name__", "")
        if name in names:
            return str(name)
        frame = frame.f_back
    raise NotAvailable("this is called outside of a session: call it from the code of a step")


def offers(service: str) -> bool:
    """Whether the host offers a service to the calling session."""
    try:
        return _function(service) is not None
    except NotAvailable:
        return False


def reason(service: str) -> str:
    """Why a service is not there, and how to get it."""
    return _MISSING.get(service, f"the host does not offer {service}")


def call(service: str, *arguments: Any) -> Any:
    """Call a service of the host. Raises NotAvailable, and what the service raises."""
    # Seen by whoever watches what code does outside its own memory.
    sys.audit("dynasaur_actions.host", service)
    function = _function(service)
    if function is None:
        raise NotAvailable(reason(service))
    return function(*arguments)


def _function(service: str) -> Callable[..., Any] | None:
    return vars(sys.modules[session()]).get(f"__{service}__")
