"""Word documents."""

from typing import Any

def read_document_parts(path: str) -> list[dict[str, Any]]:
    """Read a Word document's paragraphs, headings, tables, comments, notes and headers, in order.

    Each is a dict with `kind`: 'paragraph' and 'heading' have `text`, `style`, the latter `level`
    (0 for the title), `number` in a numbered list ('3.2', '•'), and, where there is any, the text that
    is `struck`, `bold`, `hidden`, `inserted` or `deleted` (tracked changes; `text` holds what was
    inserted), and `highlighted` and `colored` as dicts ({'yellow': 'gold'}); 'table' has `rows` (lists
    of texts, a merged cell repeated in each place it covers); 'text box' has `text`; 'header',
    'footer', 'comment', 'footnote' and 'endnote' come last and have `text`, comments also `author` and
    `about`, the text that they are about.

    Effects: reads the file.

    Example:
        >>> [part["rows"] for part in read_document_parts("record.docx") if part["kind"] == "table"]
        [[['No.', 'For', 'Against'], ['1', '7', '3']]]
    """
