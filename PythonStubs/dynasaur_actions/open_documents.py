"""Texts and presentations of OpenDocument (.odt, .odp), and rich text (.rtf)."""

from pathlib import Path
from typing import Any

from dynasaur_actions.files import check_file, decode
from dynasaur_actions.office import UnreadableFile, explained, opened
from dynasaur_actions.packages import require


def open_document_text(path: str) -> str:
    """The document as text: a text as Markdown, a presentation slide by slide with its notes."""
    odfdo = require("odfdo")
    with opened(check_file(path), "an OpenDocument file (.odt, .odp)"):
        document = odfdo.Document(Path(path))
        if document.get_type() == "presentation":
            return _slides(document)
        return str(document.to_markdown()).strip()


def rich_text(path: str) -> str:
    """The text of a file of rich text, without its layout."""
    with open(check_file(path), "rb") as file:
        data = file.read()
    if not data.lstrip().startswith(b"{\\rtf"):
        raise UnreadableFile(f"{path} is broken or is no rich text (.rtf): read_text_file gives its text")
    with explained(path, "rich text (.rtf)"):
        return str(require("striprtf.striprtf").rtf_to_text(decode(data)[0], errors="replace")).strip()


def _slides(document: Any) -> str:
    parts = []
    for number, page in enumerate(document.body.get_elements("draw:page"), 1):
        notes = page.get_elements("presentation:notes")
        lines = [f"## Slide {number}: {page.get_attribute('draw:name') or ''}{_hidden(document, page)}"]
        for paragraph in page.get_elements("descendant::text:p[not(ancestor::presentation:notes)]"):
            if paragraph.inner_text.strip():
                lines.append(paragraph.inner_text)
        spoken = " ".join(
            p.inner_text for note in notes for p in note.get_elements("descendant::text:p")
        ).strip()
        if spoken:
            lines.append(f"Speaker notes: {spoken}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _hidden(document: Any, page: Any) -> str:
    style = document.get_style("drawing-page", page.get_attribute("draw:style-name") or "")
    shown = [
        part.get_attribute("presentation:visibility")
        for part in (style.children if style is not None else [])
        if part.tag.endswith("-properties")
    ]
    return " (hidden)" if "hidden" in shown else ""
