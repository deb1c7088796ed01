"""One action for a first look at any file."""

import os

from dynasaur_actions.files import FileKind, check_file, decode, kind_of
from dynasaur_actions.office import UnreadableFile
from dynasaur_actions.packages import require

_MORE = {
    **dict.fromkeys(
        ("xlsx", "ods", "xls"),
        "read_cells(path, sheet) gives values, formulas, fills, fonts and merged areas as dicts",
    ),
    "pptx": "read_slides(path) gives titles, texts, tables and notes as dicts",
    "docx": "read_document_parts(path) gives paragraphs and tables as dicts",
    "pdf": "read_pdf_tables(path, page) gives tables as lists, read_pdf_pages(path) the texts",
    "archive": "extract_archive(path) unpacks it and gives the paths of its files",
}


def inspect_file_as_text(path: str, start: int = 0, limit: int = 50_000) -> str:
    """Read any file as text: Office, PDF, HTML, archives, pictures, audio, data, text."""
    if start < 0 or limit < 1:
        raise ValueError("start must not be negative, and limit must be at least 1")
    path = check_file(path)
    size = os.path.getsize(path)
    if size == 0:
        return f"{path} is an empty file."
    kind = kind_of(path)
    text = _text(path, kind)
    part = text[start : start + limit]
    head = f"{path}: {kind.words}, {size:,} bytes"
    if len(part) < len(text):
        head += f"; characters {start:,} to {start + len(part):,} of {len(text):,}"
    lines = [head]
    if kind.name in _MORE:
        lines.append(f"({_MORE[kind.name]})")
    lines += ["", part]
    if start + limit < len(text):
        lines.append(f"\n[… goes on: inspect_file_as_text({path!r}, start={start + limit})]")
    return "\n".join(lines)


def text_of(path: str) -> str:
    """The whole text of a file that is there."""
    return _text(path, kind_of(path)) if os.path.getsize(path) else "(empty)"


def _text(path: str, kind: FileKind) -> str:
    match kind.name:
        case "xlsx" | "ods" | "xls":
            from dynasaur_actions.spreadsheets import workbook_text

            return workbook_text(path)
        case "pptx":
            from dynasaur_actions.presentations import presentation_text

            return presentation_text(path)
        case "docx":
            from dynasaur_actions.documents import document_text

            return document_text(path)
        case "pdf":
            from dynasaur_actions.pdf_files import pdf_text

            return pdf_text(path)
        case "archive":
            from dynasaur_actions.archives import archive_text

            return archive_text(path, text_of)
        case "odf":
            from dynasaur_actions.open_documents import open_document_text

            return open_document_text(path)
        case "rtf":
            from dynasaur_actions.open_documents import rich_text

            return rich_text(path)
        case "ipynb":
            from dynasaur_actions.notebooks import notebook_text

            return notebook_text(path)
        case "eml":
            from dynasaur_actions.messages import message_text

            return message_text(path)
        case "sqlite":
            from dynasaur_actions.databases import database_text

            return database_text(path)
        case "html":
            from dynasaur_actions.page_text import markdown_of

            with open(path, "rb") as file:
                return markdown_of(file.read())
        case "image":
            from dynasaur_actions.images import image_text

            return image_text(path)
        case "audio":
            from dynasaur_actions.audio import audio_text

            return audio_text(path)
        case "markitdown":
            return _by_markitdown(path, kind)
        case "text":
            with open(path, "rb") as file:
                return decode(file.read())[0]
        case "locked":
            raise UnreadableFile(f"{path} is {kind.words}")
        case "binary":
            return _hexadecimal(path)
    raise UnreadableFile(f"{path} is a {kind.words}: it may be broken")


def _by_markitdown(path: str, kind: FileKind) -> str:
    try:
        return str(require("markitdown").MarkItDown(enable_plugins=False).convert(path).text_content)
    except ImportError:
        raise
    except Exception as error:
        raise UnreadableFile(f"{path} cannot be read as {kind.words}: {error}") from None


def _hexadecimal(path: str) -> str:
    """The first bytes, as one looks at a file that nothing else can read."""
    with open(path, "rb") as file:
        data = file.read(1024)
    rows = []
    for place in range(0, len(data), 16):
        row = data[place : place + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{place:06x}  {row.hex(' '):<47}  {letters}")
    return "The first bytes:\n" + "\n".join(rows)
