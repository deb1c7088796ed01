"""PDF files: text, tables, pages as pictures."""

from typing import Any

def read_pdf_pages(path: str, password: str | None = None, layout: bool = False) -> list[str]:
    """Read the text of each page of a PDF file, its lines in the order in which they stand.

    A page that is only a picture gives an empty text: see `render_pdf_page` and `read_image_text`. With
    `layout`, spaces keep columns apart as they stand: for tables without lines.

    Effects: reads the file.

    Example:
        >>> len(read_pdf_pages("timetable.pdf"))
        2
    """

def read_pdf_tables(
    path: str, page: int | None = None, password: str | None = None
) -> list[dict[str, Any]]:
    """Read the tables of a PDF file, with their page, as rows of cells; empty cells are kept.

    Each is a dict with `page`, `title` (the line of text above the table) and `rows` (lists of texts).
    `page` takes the tables of one page, counted from 1.

    Effects: reads the file.

    Example:
        >>> read_pdf_tables("timetable.pdf", page=2)[0]["title"]
        'Saturdays'
    """

def render_pdf_page(
    path: str,
    page: int = 1,
    resolution: int = 150,
    to: str | None = None,
    password: str | None = None,
) -> str:
    """Make a PNG picture of a page of a PDF file, to look at or to read letters from; its path.

    `resolution` is in dots an inch. The picture is written to `to`, or beside the working files under
    a name made of the document's.

    Effects: reads the file, writes the picture.

    Example:
        >>> render_pdf_page("timetable.pdf", page=2)
        'timetable-page-2.png'
    """
