"""A web page's HTML as Markdown that a model can read."""

import re
from typing import Any
from urllib.parse import urljoin

from dynasaur_actions.packages import require

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
    body = page.body or page
    text = markdownify.MarkdownConverter(
        heading_style="ATX", bullets="*", table_infer_header=True
    ).convert_soup(body)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


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
