"""What a notebook would show of a step: the last value, figures, images."""

import io
import sys

from dynasaur_runtime import figures
from dynasaur_runtime.plain_data import describe, shorten

LONGEST_DISPLAY = 100_000
MOST_IMAGES = 20


def display_text(value: object) -> str | None:
    """The value's repr as a notebook shows it; None for None."""
    if value is None:
        return None
    try:
        return shorten(repr(value), LONGEST_DISPLAY)
    except Exception:
        return describe(value)[1]


def _png_of(value: object) -> bytes | None:
    """A picture of a value that is one: a PIL image, a figure, or what has `_repr_png_`."""
    try:
        if _is_instance(value, "PIL.Image", "Image"):
            data = _png_of_image(value)
        elif _is_instance(value, "matplotlib.figure", "Figure"):
            # One that pyplot holds is shown with the others.
            data = None if figures.holds(value) else figures.png_of(value)
        else:
            method = getattr(type(value), "_repr_png_", None)
            data = method(value) if method else None
    except Exception:  # Its repr is shown instead.
        return None
    return bytes(data) if isinstance(data, (bytes, bytearray)) and data else None


def _is_instance(value: object, module: str, name: str) -> bool:
    """Whether `value` is of a class whose module need not be loaded."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _png_of_image(image) -> bytes:
    buffer = io.BytesIO()
    try:
        image.save(buffer, format="png")
    except OSError:  # A mode that PNG does not have, such as CMYK.
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, format="png")
    return buffer.getvalue()


def take_images(value: object) -> list[tuple[str, bytes]]:
    """(media type, bytes) of the value, if it is a picture, and of the figures left open, which are closed."""
    png = _png_of(value)
    images = [png] if png is not None else []
    return [("image/png", data) for data in images + figures.take(MOST_IMAGES)]
