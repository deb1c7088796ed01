"""Searching the web."""

from typing import Any

from dynasaur_actions import host
from dynasaur_actions.browsing import visit_page
from dynasaur_actions.fetching import proxy_address
from dynasaur_actions.packages import require
from dynasaur_actions.web_record import WebError, kept


def informational_web_search(query: str, limit: int = 8) -> list[dict[str, str]]:
    """Search the web for information: titles, addresses and snippets of pages, best first."""
    query = " ".join(query.split())
    if not query:
        raise ValueError("the query is empty")
    if not 1 <= limit <= 50:
        raise ValueError("limit must be between 1 and 50")
    if host.offers("web_search"):
        found: list[dict[str, str]] = host.call("web_search", query, limit)
        return found
    return _duckduckgo(query, limit)


def navigational_web_search(query: str) -> str:
    """Search the web for one site or page, and open the best result."""
    problems = []
    for result in informational_web_search(query, limit=5):
        if not result["address"]:
            continue
        try:
            return visit_page(result["address"])
        except (OSError, ValueError) as error:
            problems.append(str(error))
    raise WebError("no result could be opened: " + ("; ".join(problems) or "nothing was found"))


def _duckduckgo(query: str, limit: int) -> list[dict[str, str]]:
    """Results without a key, by the package ddgs."""
    if not host.offers("web_proxy"):
        raise host.NotAvailable(host.reason("web_search"))

    def ask() -> tuple[dict[str, str], ...]:
        ddgs = require("ddgs")
        try:
            results: list[dict[str, Any]] = ddgs.DDGS(proxy=proxy_address(), timeout=20).text(
                query, max_results=limit
            )
        except ddgs.exceptions.DDGSException as error:
            raise WebError(f"the search failed: {error}. Try other words, or later.") from None
        return tuple(
            {"title": str(r["title"]), "address": str(r["href"]), "snippet": str(r["body"])} for r in results
        )

    return list(kept(f"SEARCH {limit} {query}", ask))
