"""Searching the web."""

def informational_web_search(query: str, limit: int = 8) -> list[dict[str, str]]:
    """Search the web for information: titles, addresses and snippets of pages, best first.

    Each is a dict with `title`, `address` and `snippet`; a direct answer of the search engine comes
    first, with an empty address where it has none. Read the pages with `visit_page`: snippets are cut.

    Effects: asks a search engine.

    Example:
        >>> informational_web_search("height of Ben Nevis in metres")[0]["title"]
        'Ben Nevis - Wikipedia'
    """

def navigational_web_search(query: str) -> str:
    """Search the web for one site or page, and open the best result.

    Effects: asks a search engine, reads the web.

    Example:
        >>> navigational_web_search("Deutscher Wetterdienst")
        'Address: https://www.dwd.de/ ...'
    """
