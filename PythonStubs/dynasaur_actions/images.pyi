"""Pictures: what they are, letters in them, and what a model sees in them."""

from typing import Any

def image_facts(path: str) -> dict[str, Any]:
    """Tell the size, format, colours and EXIF data of a picture.

    A dict with `width` and `height` in pixels, `format`, `mode`, `frames`, `colors` (the main ones as
    '#RRGGBB' with their share) and `exif` (names to texts, places of GPS among them).

    Effects: reads the file.

    Example:
        >>> facts = image_facts("sign.png"); facts["width"], facts["height"]
        (640, 200)
    """

def read_image_text(path: str, language: str = "eng") -> str:
    """Read the letters in a picture (OCR).

    `language` is one that tesseract knows: 'eng', 'deu', 'eng+fra'. For handwriting, diagrams and what
    is unclear ask `describe_image`.

    Effects: reads the file; runs tesseract on the host.

    Example:
        >>> "OPEN" in read_image_text("sign.png")
        True
    """

def describe_image(path: str, question: str = "Describe this picture, with all text in it.") -> str:
    """Ask a model that sees pictures about one.

    Effects: reads the file; sends it to the model.

    Example:
        >>> describe_image("board.png", "Which pieces are on the board, and on which squares?")
        'White: king e1 ...'
    """
