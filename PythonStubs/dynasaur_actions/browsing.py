"""Reading the web, as one page after the other of one browser for each session."""

import os
import re
import sys
import tempfile
from typing import Any

from dynasaur_actions import host
from dynasaur_actions.fetching import (
    LARGEST_DOWNLOAD,
    Fetched,
    Fetcher,
    whole_address,
)
from dynasaur_actions.files import decode
from dynasaur_actions.page_text import links_of, markdown_of, title_of
from dynasaur_actions.web_record import WebError

PAGE_LENGTH = 6000
ARCHIVE = "https://archive.org/wayback/available"

_KEPT = "__kept_browser__"
_ENDINGS = {
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/zip": ".zip",
    "application/epub+zip": ".epub",
}


class _Browser:
    """What one session looks at. It lies among the session's variables, and is in its checkpoints."""

    def __init__(self) -> None:
        self.fetcher = Fetcher()
        self.address = ""
        self.title = ""
        self.text = ""
        self.pages: list[str] = []
        self.page = 0
        self.links: list[dict[str, str]] = []
        self.wanted = ""
        self.place = -1

    def __getstate__(self) -> dict[str, Any]:
        # Connections stay behind, and cookies with them.
        return {name: value for name, value in vars(self).items() if name not in ("fetcher", "pages")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]
        vars(self).update(state)
        self.pages = split_pages(self.text) if self.address else []

    def show(self, address: str, title: str, text: str, links: list[dict[str, str]]) -> None:
        self.address, self.title, self.text, self.links = address, title, text, links
        self.pages = split_pages(text)
        self.page, self.wanted, self.place = 0, "", -1

    def view(self, note: str = "") -> str:
        if not self.pages:
            raise RuntimeError("no page is open: call visit_page(url) first")
        head = [f"Address: {self.address}"]
        if self.title:
            head.append(f"Title: {self.title}")
        head.append(f"Page {self.page + 1} of {len(self.pages)}")
        if note:
            head.append(note)
        return "\n".join(head) + "\n---\n" + self.pages[self.page]


def visit_page(url: str, javascript: bool = False) -> str:
    """Open a web page or a file on the web and read its first page of text."""
    browser = _browser()
    address = whole_address(url)
    if javascript:
        html = str(host.call("render_page", address))
        browser.show(address, title_of(html), markdown_of(html, address), links_of(html, address))
    else:
        fetched = browser.fetcher.fetch(address)
        browser.show(fetched.address, *_read(fetched))
    return browser.view()


def page_down() -> str:
    """Read the next page of text of the web page that is open."""
    return _turn(1)


def page_up() -> str:
    """Read the previous page of text of the web page that is open."""
    return _turn(-1)


def find_on_page(text: str) -> str:
    """Find a text on the web page that is open, from its top, and read the page of text with it."""
    if not text.strip():
        raise ValueError("say what to find")
    browser = _browser()
    browser.view()
    browser.wanted, browser.place = text, -1
    return _find(browser)


def find_next() -> str:
    """Find the text that find_on_page looked for again, further down."""
    browser = _browser()
    browser.view()
    if not browser.wanted:
        raise RuntimeError("nothing was looked for: call find_on_page(text) first")
    return _find(browser)


def page_links(containing: str = "") -> list[dict[str, str]]:
    """List the links of the web page that is open: their text and address."""
    browser = _browser()
    browser.view()
    wanted = containing.lower()
    return [
        link for link in browser.links if wanted in link["text"].lower() or wanted in link["address"].lower()
    ]


def find_archived_url(url: str, date: str) -> str:
    """Find the copy of a web page in the Internet Archive that is nearest to a date; its address."""
    from urllib.parse import urlencode

    digits = re.sub(r"\D", "", date)
    if not 4 <= len(digits) <= 14:
        raise ValueError(f"{date!r} is no date such as '2021-06-30' or '2021'")
    query = urlencode({"url": whole_address(url), "timestamp": digits})
    fetched = _browser().fetcher.fetch(f"{ARCHIVE}?{query}")
    import json

    try:
        closest = json.loads(fetched.body)["archived_snapshots"].get("closest", {})
    except (ValueError, KeyError, AttributeError):
        raise WebError("the Internet Archive gave an answer that is not understood: try later") from None
    if not closest.get("available"):
        raise WebError(f"the Internet Archive has no copy of {url}")
    return str(closest["url"])


def download_file(url: str, path: str | None = None) -> str:
    """Save a file from the web; the path where it was saved."""
    fetched = _browser().fetcher.fetch(url, largest=LARGEST_DOWNLOAD, total=600)
    target = path or _free_name(fetched.name, fetched.media_type)
    with open(target, "wb") as file:
        file.write(fetched.body)
    return target


def split_pages(text: str, length: int = PAGE_LENGTH) -> list[str]:
    """The text in pieces of at most `length` characters, cut at lines or words; together they are it."""
    pages = []
    start = 0
    while len(text) - start > length:
        end = text.rfind("\n", start + length // 2, start + length) + 1
        if not end:
            end = text.rfind(" ", start + length // 2, start + length) + 1
        end = end or start + length
        pages.append(text[start:end])
        start = end
    pages.append(text[start:])
    return pages


def _browser() -> _Browser:
    variables = vars(sys.modules[host.session()])
    browser = variables.get(_KEPT)
    if not isinstance(browser, _Browser):
        browser = variables[_KEPT] = _Browser()
    return browser


def _turn(step: int) -> str:
    browser = _browser()
    browser.view()
    page = browser.page + step
    if not 0 <= page < len(browser.pages):
        raise IndexError(f"this is the {'last' if step > 0 else 'first'} page of {browser.address}")
    browser.page = page
    return browser.view()


def _find(browser: _Browser) -> str:
    # Line breaks and spaces are the converter's, not the author's.
    pattern = r"\s+".join(map(re.escape, browser.wanted.split()))
    places = [found.start() for found in re.finditer(pattern, browser.text, re.IGNORECASE)]
    later = [place for place in places if place > browser.place]
    if not later:
        again = " further down" if places else ""
        raise LookupError(f"{browser.wanted!r} does not occur{again} on {browser.address}")
    browser.place = later[0]
    end = 0
    for number, page in enumerate(browser.pages):
        end += len(page)
        if browser.place < end:
            browser.page = number
            break
    around = browser.text[max(0, browser.place - 200) : browser.place + 200]
    note = f"Found {places.index(browser.place) + 1} of {len(places)}: … {' '.join(around.split())} …"
    return browser.view(note)


def _read(fetched: Fetched) -> tuple[str, str, list[dict[str, str]]]:
    """Title, text and links of what was fetched."""
    start = fetched.body[:1000].lstrip().lower()
    is_html = fetched.media_type in ("text/html", "application/xhtml+xml") or (
        not fetched.media_type and start.startswith((b"<!doctype html", b"<html"))
    )
    if is_html:
        html = fetched.body
        return (
            title_of(html, fetched.encoding),
            markdown_of(html, fetched.address, fetched.encoding),
            links_of(html, fetched.address, fetched.encoding),
        )
    if fetched.media_type.startswith("text/") or fetched.media_type.endswith(("json", "xml")):
        return fetched.name, _decoded(fetched), []
    return fetched.name, _file_text(fetched), []


def _decoded(fetched: Fetched) -> str:
    if fetched.encoding:
        try:
            return decode(fetched.body, fetched.encoding)[0]
        except (LookupError, UnicodeDecodeError):
            pass  # The server is wrong about it.
    return decode(fetched.body)[0]


def _file_text(fetched: Fetched) -> str:
    from dynasaur_actions.inspection import text_of

    ending = _ENDINGS.get(fetched.media_type) or os.path.splitext(fetched.name)[1]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file" + ending)
        with open(path, "wb") as file:
            file.write(fetched.body)
        return text_of(path)


def _free_name(name: str, media_type: str) -> str:
    if "." not in name:
        import mimetypes

        name += _ENDINGS.get(media_type) or mimetypes.guess_extension(media_type) or ""
    stem, ending = os.path.splitext(name)
    number = 1
    while os.path.exists(name):
        number += 1
        name = f"{stem}-{number}{ending}"
    return name
