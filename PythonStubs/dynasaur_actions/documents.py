"""Word documents."""

import re
from typing import Any

from dynasaur_actions.files import check_file
from dynasaur_actions.office import opened
from dynasaur_actions.packages import require
from dynasaur_actions.word_paragraphs import Numbering, W, blocks, marks_of, text_boxes


def read_document_parts(path: str) -> list[dict[str, Any]]:
    """Read a Word document's paragraphs, headings, tables, comments, notes and headers, in order."""
    docx = require("docx")
    with opened(check_file(path), "a Word document (.docx)") as file:
        document = docx.Document(file)
        parts: list[dict[str, Any]] = []
        numbering = Numbering(document)
        for block in blocks(document.element.body):
            if block.tag == f"{W}tbl":
                table = require("docx.table").Table(block, document)
                parts.append({"kind": "table", "rows": _rows(table)})
            else:
                part = _paragraph(require("docx.text.paragraph").Paragraph(block, document), numbering)
                if part["text"].strip() or "deleted" in part:
                    parts.append(part)
                parts += [{"kind": "text box", "text": text} for text in text_boxes(block)]
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
                parts += _notes(relation.target_part.blob, kind.removesuffix("s"), document.element.body)
    return parts


def document_text(path: str) -> str:
    """The document as Markdown, then what stands beside its text: comments, headers, footers."""
    mammoth, markdownify = require("mammoth"), require("markdownify")
    with opened(check_file(path), "a Word document (.docx)") as file:
        # Pictures would come as long base64 texts.
        html = mammoth.convert_to_html(
            file, convert_image=mammoth.images.img_element(lambda image: {"src": "picture"})
        ).value
    parts = read_document_parts(path)
    text = markdownify.markdownify(html, heading_style="ATX", table_infer_header=True).strip()
    beside = [
        f"{part['kind'].capitalize()}{_author(part)}: {part['text']}{_about(part)}"
        for part in parts
        if part["kind"] in ("header", "footer", "comment", "text box")
    ]
    beside += [
        f"{name.capitalize()} text: {part[name]}"
        for part in parts
        for name in ("inserted", "deleted", "struck", "hidden", "highlighted", "colored")
        if name in part
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join([text, *beside]))


def _author(part: dict[str, Any]) -> str:
    return f" by {part['author']}" if part.get("author") else ""


def _about(part: dict[str, Any]) -> str:
    return f" (about {part['about']!r})" if part.get("about") else ""


def _paragraph(paragraph: Any, numbering: Numbering) -> dict[str, Any]:
    style = paragraph.style.name if paragraph.style is not None else ""
    level = re.fullmatch(r"Heading (\d+)|(Title)", style)
    part: dict[str, Any] = {"kind": "heading" if level else "paragraph", "style": style}
    if level:
        part["level"] = int(level[1] or 0)
    label = numbering.label(paragraph._element)
    if label:
        part["number"] = label
    return part | marks_of(paragraph._element)


def _rows(table: Any) -> list[list[str]]:
    """Texts of a table; a merged cell gives its text to each place that it covers."""
    return [[_cell_text(cell._tc) for cell in row.cells] for row in table.rows]


def _cell_text(cell: Any) -> str:
    """What stands in a cell; of a table in it, a line for each row."""
    lines = []
    for block in blocks(cell):
        if block.tag == f"{W}p":
            lines.append(marks_of(block)["text"])
        else:
            rows = block.iterchildren(f"{W}tr")
            lines += [" | ".join(_cell_text(inner) for inner in row.iterchildren(f"{W}tc")) for row in rows]
    return "\n".join(lines).strip("\n")


def _notes(data: bytes, kind: str, body: Any) -> list[dict[str, Any]]:
    tree = require("defusedxml.ElementTree").fromstring(data)
    found = []
    for note in tree.iter(f"{W}{kind}"):
        if note.get(f"{W}type") in ("separator", "continuationSeparator"):
            continue
        text = "\n".join(
            "".join(piece.text or "" for piece in paragraph.iter(f"{W}t"))
            for paragraph in note.iter(f"{W}p")
        ).strip()
        if text:
            part = {"kind": kind, "text": text, "author": note.get(f"{W}author") or ""}
            if kind == "comment":
                part["about"] = _commented(body, note.get(f"{W}id") or "")
            found.append(part)
    return found


def _commented(body: Any, number: str) -> str:
    """The text that a comment is about."""
    text, is_inside = "", False
    for element in body.iter(f"{W}commentRangeStart", f"{W}commentRangeEnd", f"{W}t"):
        if element.tag != f"{W}t":
            if element.get(f"{W}id") == number:
                is_inside = element.tag == f"{W}commentRangeStart"
        elif is_inside:
            text += element.text or ""
    return text
