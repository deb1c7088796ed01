"""A web page's HTML as Markdown that a model can read."""

import re
from urllib.parse import urljoin

from dynasaur_actions.packages import require

_UNREADABLE = ["script", "style", "noscript", "template", "svg", "iframe", "canvas", "head"]


def title_of(html: bytes | str) -> str:
    """The page's title; empty where it has none."""
    title = require("bs4").BeautifulSoup(html, "lxml").title
    return " ".join(title.get_text().split()) if title else ""


def markdown_of(html: bytes | str, address: str = "", encoding: str | None = None) -> str:
    """The page as Markdown: headings, lists, tables, and links with whole addresses."""
    beautiful, markdownify = require("bs4"), require("markdownify")
    known = {"from_encoding": encoding} if encoding and isinstance(html, bytes) else {}
    page = beautiful.BeautifulSoup(html, "lxml", **known)
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
