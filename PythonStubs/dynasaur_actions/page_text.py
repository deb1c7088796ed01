"""A web page's HTML as Markdown that a model can read."""

import copy
import re
from typing import Any
from urllib.parse import urljoin

from dynasaur_actions.packages import require

# A page of a few bytes may ask for billions.
MOST_COPIES = 20_000
_UNREADABLE = ["script", "style", "noscript", "template", "svg", "iframe", "canvas", "head"]


def title_of(html: bytes | str, encoding: str | None = None) -> str:
    """The page's title; empty where it has none."""
    title = _parsed(html, encoding).title
    return " ".join(title.get_text().split()) if title else ""


def markdown_of(html: bytes | str, address: str = "", encoding: str | None = None) -> str:
    """The page as Markdown: headings, lists, tables, and links with whole addresses."""
    beautiful, markdownify = require("bs4"), require("markdownify")
    page = _parsed(html, encoding)
    for element in page(_UNREADABLE):
        element.decompose()
    for comment in page.find_all(string=lambda text: isinstance(text, beautiful.Comment)):
        comment.extract()
    for link in page.find_all("a", href=True):
        link["href"] = urljoin(address, str(link["href"]))
    for picture in page.find_all("img"):
        # The address of a picture says little, and data: addresses are long.
        text = str(picture.get("alt") or "").strip()
        picture.replace_with(f"[picture: {text}]" if text else "")
    for table in page.find_all("table"):
        _spread(table)
    body = page.body or page
    converter = markdownify.MarkdownConverter(heading_style="ATX", bullets="*", table_infer_header=True)
    try:
        text = converter.convert_soup(body)
    except RecursionError:  # Nested deeper than Python's stack: without its form, the text is there still.
        text = body.get_text("\n", strip=True)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _spread(table: Any) -> None:
    """Repeat what spans several rows in each of them: Markdown has no such cells."""
    hanging: dict[int, tuple[int, Any]] = {}
    left = MOST_COPIES
    for row in [row for row in table.find_all("tr") if row.find_parent("table") is table]:
        column, before = 0, None
        cells = row.find_all(["td", "th"], recursive=False)
        while cells or column in hanging:
            if column in hanging:
                rows, cell = hanging.pop(column)
                if left == 0:
                    return
                left -= 1
                copied = copy.copy(cell)
                del copied["rowspan"]
                if before is None:
                    row.insert(0, copied)
                else:
                    before.insert_after(copied)
                before = copied
            else:
                cell = before = cells.pop(0)
                rows = _span(cell, "rowspan")
            if rows > 1:
                hanging[column] = (rows - 1, cell)
            column += _span(cell, "colspan")


def _span(cell: Any, name: str) -> int:
    text = str(cell.get(name) or "1").strip()
    return min(max(int(text), 1), 1000) if text.isdecimal() else 1


def links_of(html: bytes | str, address: str = "", encoding: str | None = None) -> list[dict[str, str]]:
    """The links of a page in their order, each address once: text and whole address."""
    found: dict[str, dict[str, str]] = {}
    for link in _parsed(html, encoding).find_all("a", href=True):
        target = urljoin(address, str(link["href"]))
        if target.startswith(("http://", "https://")):
            found.setdefault(target, {"text": " ".join(link.get_text().split()), "address": target})
    return list(found.values())


def _parsed(html: bytes | str, encoding: str | None) -> Any:
    """The page as a tree. A wrong encoding is corrected by what its bytes and its head say."""
    known: dict[str, Any] = {}
    if encoding and isinstance(html, bytes):
        try:
            html.decode(encoding)
            known = {"from_encoding": encoding}
        except (LookupError, UnicodeDecodeError):
            known = {"exclude_encodings": [encoding]}
    return require("bs4").BeautifulSoup(html, "lxml", **known)
