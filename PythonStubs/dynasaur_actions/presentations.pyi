"""PowerPoint presentations."""

from typing import Any

def read_slides(path: str) -> list[dict[str, Any]]:
    """Read the slides of a PowerPoint file: title, text, tables, speaker notes, whether hidden.

    Each is a dict with `number` (from 1, hidden ones counted), `title`, `text` (a list, one for each
    text box, without the title), `tables` (each a list of rows of texts; data of charts among them),
    `notes`, `hidden`, `pictures` (their alternative texts), and `comments` of readers. Diagrams count
    as text boxes.

    Effects: reads the file.

    Example:
        >>> [slide["number"] for slide in read_slides("talk.pptx") if not slide["hidden"]]
        [1, 3]
    """
