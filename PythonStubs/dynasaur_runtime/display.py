"""What a notebook would show of a step: the last value, figures, images."""

import io
import sys
from types import ModuleType

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
    """A picture of a value that is one (PIL images and what has `_repr_png_`)."""
    method = getattr(type(value), "_repr_png_", None)
    if method is None:
        return None
    try:
        data = method(value)
    except Exception:
        return None
    return bytes(data) if isinstance(data, (bytes, bytearray)) else None


def _pyplot() -> ModuleType | None:
    """matplotlib's pyplot once it is loaded; None while another session's thread imports it.

    Its figures are the process's: sessions of one process that draw at the same time should make
    `matplotlib.figure.Figure` objects of their own.
    """
    module = sys.modules.get("matplotlib.pyplot")
    if module is None or getattr(module.__spec__, "_initializing", False):
        return None
    return module


def may_have_figures() -> bool:
    return "matplotlib.pyplot" in sys.modules


def take_images(value: object) -> list[tuple[str, bytes]]:
    """(media type, bytes) of the value, if it is a picture, and of the figures left open, which are closed."""
    images: list[tuple[str, bytes]] = []
    png = _png_of(value)
    if png is not None:
        images.append(("image/png", png))
    pyplot = _pyplot()
    if pyplot is not None:
        for number in pyplot.get_fignums()[:MOST_IMAGES]:
            buffer = io.BytesIO()
            pyplot.figure(number).savefig(buffer, format="png")
            images.append(("image/png", buffer.getvalue()))
        pyplot.close("all")
    return images
