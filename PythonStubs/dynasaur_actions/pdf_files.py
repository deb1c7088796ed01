"""PDF files: text, tables, pages as pictures."""

import contextlib
import os
import zlib
from collections.abc import Iterator
from typing import Any

from dynasaur_actions.files import check_file
from dynasaur_actions.office import UnreadableFile
from dynasaur_actions.packages import require

MOST_PAGES = 2000
# What draws one page. Scans hold pictures besides, which are not counted.
MOST_CONTENT = 32 << 20


def read_pdf_pages(path: str, password: str | None = None, layout: bool = False) -> list[str]:
    """Read the text of each page of a PDF file, its lines in the order in which they stand."""
    with _opened(path, password) as document:
        return [page.extract_text(layout=layout) or "" for page in _pages(document, path)]


def read_pdf_tables(
    path: str, page: int | None = None, password: str | None = None
) -> list[dict[str, Any]]:
    """Read the tables of a PDF file, with their page, as rows of cells; empty cells are kept."""
    found = []
    with _opened(path, password) as document:
        for number, content in enumerate(_pages(document, path), 1):
            if page is not None and number != page:
                continue
            for table in content.find_tables():
                rows = [[cell or "" for cell in row] for row in table.extract()]
                found.append({"page": number, "title": _line_above(content, table), "rows": rows})
        if page is not None and not 1 <= page <= len(document.pages):
            raise IndexError(f"there is no page {page}: the document has {len(document.pages)}")
    return found


def render_pdf_page(
    path: str,
    page: int = 1,
    resolution: int = 150,
    to: str | None = None,
    password: str | None = None,
) -> str:
    """Make a PNG picture of a page of a PDF file, to look at or to read letters from; its path."""
    if not 20 <= resolution <= 600:
        raise ValueError("the resolution must be between 20 and 600 dots an inch")
    pdfium = require("pypdfium2")
    try:
        document = pdfium.PdfDocument(check_file(path), password=password)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise _encrypted(path, password) from None
        raise UnreadableFile(f"{path} cannot be read as a PDF document: {error}") from None
    with contextlib.closing(document):
        if not 1 <= page <= len(document):
            raise IndexError(f"there is no page {page}: the document has {len(document)}")
        picture = document[page - 1].render(scale=resolution / 72).to_pil()
    stem = os.path.splitext(os.path.basename(path))[0]
    target = to or f"{stem}-page-{page}.png"
    picture.save(target, "PNG")
    return target


def pdf_text(path: str) -> str:
    """The document's pages and the fields of its forms as text."""
    parts = []
    for number, text in enumerate(read_pdf_pages(path), 1):
        note = "(no text; it may be a scan: render_pdf_page, then read_image_text)"
        parts.append(f"## Page {number}\n{text.strip() or note}")
    for title, lines in (
        ("Form fields", _form_fields(path)),
        ("Comments and marks", _annotations(path)),
        ("Attached files", _attachments(path)),
    ):
        if lines:
            parts.append(f"## {title}\n" + "\n".join(lines))
    return "\n\n".join(parts)


# What stands beside the text. A damaged form is no reason to lose the text itself.


def _form_fields(path: str) -> list[str]:
    with contextlib.suppress(Exception):
        fields = require("pypdf").PdfReader(path).get_fields() or {}
        return [f"{name}: {field.value}" for name, field in fields.items() if field.value is not None]
    return []


def _annotations(path: str) -> list[str]:
    """What readers wrote on the pages or marked there, and by whom."""
    lines: list[str] = []
    with contextlib.suppress(Exception), _opened(path, None) as document:
        for page in document.pages:
            for note in page.annots:
                kind = str(getattr(note["data"].get("Subtype"), "name", "note"))
                if kind in ("Link", "Widget", "Popup"):
                    continue
                marked = ""
                if kind in ("Highlight", "StrikeOut", "Underline", "Squiggly"):
                    box = [note["x0"], note["top"], note["x1"], note["bottom"]]
                    marked = " ".join((page.crop(box, strict=False).extract_text() or "").split())
                said = note.get("contents") or ""
                author = f" by {note['title']}" if note.get("title") else ""
                lines.append(
                    f"Page {page.page_number}, {kind}{author}: "
                    + " — ".join(text for text in (repr(marked) if marked else "", said) if text)
                )
    return lines


def _attachments(path: str) -> list[str]:
    with contextlib.suppress(Exception):
        return [f"{name} (pypdf.PdfReader(path).attachments gives it)" for name in require("pypdf").PdfReader(path).attachments]
    return []


def _line_above(page: Any, table: Any) -> str:
    """The line of text right above a table: often its title."""
    left, top, right, _ = table.bbox
    lines = [line for line in page.extract_text_lines() if line["bottom"] <= top + 1]
    lines = [line for line in lines if line["x0"] < right and line["x1"] > left]
    return str(max(lines, key=lambda line: line["bottom"])["text"]) if lines else ""


def _pages(document: Any, path: str) -> Iterator[Any]:
    """The pages, each after its size was checked: a few kilobytes can unpack to gigabytes of drawing."""
    for page in document.pages:
        size = sum(map(_unpacked, page.page_obj.contents))
        if size > MOST_CONTENT:
            raise UnreadableFile(
                f"page {page.page_number} of {path} is too large to read: look at a picture of it, "
                "made with render_pdf_page"
            )
        yield page


def _unpacked(content: Any) -> int:
    """How many bytes a stream of a page holds, counted no further than is allowed."""
    stream = require("pdfminer.pdftypes").resolve1(content)
    if not hasattr(stream, "get_filters"):  # A damaged file refers to something else.
        return 0
    ascii85 = require("pdfminer.ascii85")
    data = getattr(stream, "rawdata", None) or b""
    for name, _ in stream.get_filters():
        match name.name:
            case "ASCII85Decode" | "A85":
                data = ascii85.ascii85decode(data)
            case "ASCIIHexDecode" | "AHx":
                data = ascii85.asciihexdecode(data)
            case "FlateDecode" | "Fl":
                with contextlib.suppress(zlib.error):  # What comes before the damage is read.
                    return len(zlib.decompressobj().decompress(data, MOST_CONTENT + 1))
    return len(data)


def _encrypted(path: str, password: str | None) -> UnreadableFile:
    advice = "that password is wrong" if password else "give its password"
    return UnreadableFile(f"{path} is encrypted: {advice}")


@contextlib.contextmanager
def _opened(path: str, password: str | None) -> Iterator[Any]:
    pdfplumber = require("pdfplumber")
    encrypted = require("pdfminer.pdfdocument").PDFPasswordIncorrect
    try:
        document = pdfplumber.open(check_file(path), password=password or "")
    except OSError:
        raise
    except Exception as error:
        cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
        if isinstance(cause, encrypted):
            raise _encrypted(path, password) from None
        raise UnreadableFile(f"{path} is broken or is not a PDF document: {cause!r}") from None
    with document:
        if len(document.pages) > MOST_PAGES:
            raise UnreadableFile(f"{path} has {len(document.pages):,} pages: use pypdf for a part of it")
        if not document.pages:
            raise UnreadableFile(f"{path} is broken or is not a PDF document: it has no pages")
        yield document
