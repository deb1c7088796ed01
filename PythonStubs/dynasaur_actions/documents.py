"""Word documents."""

import re
from typing import Any

from dynasaur_actions.files import check_file
from dynasaur_actions.office import opened
from dynasaur_actions.packages import require

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read_document_parts(path: str) -> list[dict[str, Any]]:
    """Read a Word document's paragraphs, headings, tables, comments, notes and headers, in order."""
    docx = require("docx")
    with opened(check_file(path), "a Word document (.docx)") as file:
        document = docx.Document(file)
        parts: list[dict[str, Any]] = []
        for block in document.iter_inner_content():
            if hasattr(block, "rows"):
                parts.append({"kind": "table", "rows": _rows(block)})
            elif block.text.strip():
                parts.append(_paragraph(block))
        seen: set[str] = set()
        for section in document.sections:
            for kind, place in (("header", section.header), ("footer", section.footer)):
                text = "\n".join(p.text for p in place.paragraphs if p.text.strip())
                if text and text not in seen:
                    seen.add(text)
                    parts.append({"kind": kind, "text": text})
        for relation in document.part.rels.values():
            kind = relation.reltype.rpartition("/")[2]
            if kind in ("comments", "footnotes", "endnotes"):
                parts += _notes(relation.target_part.blob, kind.removesuffix("s"))
    return parts


def document_text(path: str) -> str:
    """The document as Markdown, then what stands beside its text: comments, headers, footers."""
    mammoth, markdownify = require("mammoth"), require("markdownify")
    with opened(check_file(path), "a Word document (.docx)") as file:
        # Pictures would come as long base64 texts.
        html = mammoth.convert_to_html(
            file, convert_image=mammoth.images.img_element(lambda image: {"src": "picture"})
        ).value
    text = markdownify.markdownify(html, heading_style="ATX", table_infer_header=True).strip()
    beside = [
        f"{part['kind'].capitalize()}{_author(part)}: {part['text']}"
        for part in read_document_parts(path)
        if part["kind"] in ("header", "footer", "comment")
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join([text, *beside]))


def _author(part: dict[str, Any]) -> str:
    return f" by {part['author']}" if part.get("author") else ""


def _paragraph(paragraph: Any) -> dict[str, Any]:
    style = paragraph.style.name if paragraph.style is not None else ""
    level = re.fullmatch(r"Heading (\d+)|(Title)", style)
    struck = "".join(run.text for run in paragraph.runs if run.font.strike)
    part: dict[str, Any] = {
        "kind": "heading" if level else "paragraph",
        "text": paragraph.text,
        "style": style,
    }
    if level:
        part["level"] = int(level[1] or 0)
    if struck:
        part["struck"] = struck
    return part


def _rows(table: Any) -> list[list[str]]:
    """Texts of a table; a merged cell gives its text to each place that it covers."""
    return [[cell.text for cell in row.cells] for row in table.rows]


def _notes(data: bytes, kind: str) -> list[dict[str, Any]]:
    tree = require("defusedxml.ElementTree").fromstring(data)
    found = []
    for note in tree.iter(f"{_W}{kind}"):
        if note.get(f"{_W}type") in ("separator", "continuationSeparator"):
            continue
        text = "\n".join(
            "".join(piece.text or "" for piece in paragraph.iter(f"{_W}t"))
            for paragraph in note.iter(f"{_W}p")
        ).strip()
        if text:
            found.append({"kind": kind, "text": text, "author": note.get(f"{_W}author") or ""})
    return found
