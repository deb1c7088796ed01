"""Names of actions that a search found: what code takes of them is loaded when it is called.

A step's text names the actions that it needs, and they are loaded before it runs. Names that the code
only learns of while it runs (`globals()[name](...)`) are served here.
"""

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dynasaur_library.loading import contents_of, is_stored, load_stored
from dynasaur_library.origins import ACTION_ATTRIBUTE

Offer = Mapping[str, Any]
"""An action that can be loaded: `name`, `hash`, a line about it (`summary`), and what
`load_stored` takes (`wanted`, `records`)."""

_OFFERS = "__dynasaur_offers__"


class Offers:
    """The names that are offered to a session, and what its code has taken of them."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._bound: dict[str, Callable[..., Any]] = {}
        self._taken: list[str] = []

    def add(self, offers: Iterable[Offer]) -> None:
        """Bind the name of each offer; one that means something already keeps its meaning."""
        for offer in offers:
            name = offer["name"]
            bound = self._bound.get(name)
            is_free = name not in self._namespace and not hasattr(builtins, name)
            if is_free or (bound is not None and self._namespace.get(name) is bound):
                self._namespace[name] = self._bound[name] = self._function(offer)

    def close(self) -> list[str]:
        """Take back what was not taken; returns the hashes of the rest, in order."""
        for name, function in self._bound.items():
            if self._namespace.get(name) is function:
                del self._namespace[name]
        taken = list(dict.fromkeys(self._taken))
        self._bound.clear()
        self._taken.clear()
        return taken

    def _function(self, offer: Offer) -> Callable[..., Any]:
        def offered(*args: Any, **kwargs: Any) -> Any:
            return self._take(offer, offered)(*args, **kwargs)

        offered.__name__ = offered.__qualname__ = offer["name"]
        offered.__doc__ = offer["summary"]
        setattr(offered, ACTION_ATTRIBUTE, {"name": offer["name"], "hash": offer["hash"]})
        return offered

    def _take(self, offer: Offer, offered: Callable[..., Any]) -> Callable[..., Any]:
        records = {key: record for key, record in offer["records"].items() if not is_stored(key)}
        load_stored(offer["wanted"], records, self._namespace)
        function: Callable[..., Any] = contents_of(offer, self._namespace)[offer["name"]]
        if self._namespace.get(offer["name"]) is offered:
            self._namespace[offer["name"]] = function
        self._taken.append(offer["hash"])
        return function


def offers_of(namespace: dict[str, Any]) -> Offers:
    """The offers of a session; they end with it."""
    offers: Offers | None = namespace.get(_OFFERS)
    if offers is None:
        offers = namespace[_OFFERS] = Offers(namespace)
    return offers


def close_offers(namespace: dict[str, Any]) -> list[str]:
    """End the offers of a step, if there were any; the hashes of those that code took, in order."""
    offers: Offers | None = namespace.get(_OFFERS)
    return [] if offers is None else offers.close()
