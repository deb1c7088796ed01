"""PDF files: text, tables, pages as pictures."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from dynasaur_actions.files import check_file
from dynasaur_actions.office import UnreadableFile
from dynasaur_actions.packages import require

MOST_PAGES = 2000


def read_pdf_pages(path: str, password: str | None = None) -> list[str]:
    """Read the text of each page of a PDF file, its lines in the order in which they stand."""
    with _opened(path, password) as document:
        return [page.extract_text() or "" for page in document.pages]


def read_pdf_tables(
    path: str, page: int | None = None, password: str | None = None
) -> list[dict[str, Any]]:
    """Read the tables of a PDF file, with their page, as rows of cells; empty cells are kept."""
    found = []
    with _opened(path, password) as document:
        for number, content in enumerate(document.pages, 1):
            if page is not None and number != page:
                continue
            for table in content.find_tables():
                rows = [[cell or "" for cell in row] for row in table.extract()]
                found.append({"page": number, "title": _line_above(content, table), "rows": rows})
        if page is not None and not 1 <= page <= len(document.pages):
            raise IndexError(f"there is no page {page}: the document has {len(document.pages)}")
    return found


def render_pdf_page(path: str, page: int = 1, resolution: int = 150, to: str | None = None) -> str:
    """Make a PNG picture of a page of a PDF file, to look at or to read letters from; its path."""
    if not 20 <= resolution <= 600:
        raise ValueError("the resolution must be between 20 and 600 dots an inch")
    pdfium = require("pypdfium2")
    try:
        document = pdfium.PdfDocument(check_file(path))
    except pdfium.PdfiumError as error:
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
    fields = _form_fields(path)
    if fields:
        listed = "\n".join(f"{name}: {value}" for name, value in fields.items())
        parts.append(f"## Form fields\n{listed}")
    return "\n\n".join(parts)


def _form_fields(path: str) -> dict[str, str]:
    pypdf = require("pypdf")
    try:
        fields = pypdf.PdfReader(path).get_fields() or {}
        return {name: str(field.value) for name, field in fields.items() if field.value is not None}
    except Exception:  # A damaged form is no reason to lose the text.
        return {}


def _line_above(page: Any, table: Any) -> str:
    """The line of text right above a table: often its title."""
    left, top, right, _ = table.bbox
    lines = [line for line in page.extract_text_lines() if line["bottom"] <= top + 1]
    lines = [line for line in lines if line["x0"] < right and line["x1"] > left]
    return str(max(lines, key=lambda line: line["bottom"])["text"]) if lines else ""


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
            advice = "that password is wrong" if password else "give its password"
            raise UnreadableFile(f"{path} is encrypted: {advice}") from None
        raise UnreadableFile(f"{path} is broken or is not a PDF document: {cause!r}") from None
    with document:
        if len(document.pages) > MOST_PAGES:
            raise UnreadableFile(f"{path} has {len(document.pages):,} pages: use pypdf for a part of it")
        if not document.pages:
            raise UnreadableFile(f"{path} is broken or is not a PDF document: it has no pages")
        yield document
