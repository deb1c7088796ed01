"""Pictures: what they are, letters in them, and what a model sees in them."""

import io
import os
from typing import Any

from dynasaur_actions import host
from dynasaur_actions.files import check_file
from dynasaur_actions.office import UnreadableFile
from dynasaur_actions.packages import require

MOST_PIXELS = 100_000_000
# Services take pictures up to about this many pixels at a side, and make larger ones smaller.
_LARGEST_SIDE = 2048
_ORIENTATION_TAG, _EXIF_TAG, _GPS_TAG = 0x0112, 0x8769, 0x8825


def image_facts(path: str) -> dict[str, Any]:
    """Tell the size, format, colours and EXIF data of a picture."""
    with _opened(path) as image:
        small = image.convert("RGB")
        small.thumbnail((256, 256))
        colors = small.quantize(8).convert("RGB").getcolors() or []
        total = sum(count for count, _ in colors)
        shares = {
            "#{:02X}{:02X}{:02X}".format(*color): round(count / total, 3)
            for count, color in sorted(colors, reverse=True)
        }
        return {
            "width": image.width,
            "height": image.height,
            "format": image.format,
            "mode": image.mode,
            "frames": getattr(image, "n_frames", 1),
            "colors": shares,
            "exif": _exif(image),
        }


def read_image_text(path: str, language: str = "eng") -> str:
    """Read the letters in a picture (OCR)."""
    with _opened(path) as image:
        grey = _upright(image).convert("L")
    # Small letters are read better when they are larger.
    if max(grey.size) < 1000:
        grey = grey.resize((grey.width * 2, grey.height * 2))
    text = host.call("recognize_text", grey.width, grey.height, grey.tobytes(), language)
    return str(text)


def describe_image(path: str, question: str = "Describe this picture, with all text in it.") -> str:
    """Ask a model that sees pictures about one."""
    with _opened(path) as image:
        if image.format in ("PNG", "JPEG") and max(image.size) <= _LARGEST_SIDE:
            with open(path, "rb") as file:
                data, kind = file.read(), f"image/{image.format.lower()}"
        else:
            picture = _upright(image).convert("RGB")
            picture.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
            buffer = io.BytesIO()
            picture.save(buffer, "PNG")
            data, kind = buffer.getvalue(), "image/png"
    return str(host.call("see_image", data, kind, question))


def image_text(path: str) -> str:
    """What is known of the picture as text: facts, and its letters where they can be read."""
    facts = image_facts(path)
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    if host.offers("recognize_text"):
        lines += ["", "Text in the picture (OCR):", read_image_text(path).strip() or "(none)"]
    elif not host.offers("see_image"):
        lines += ["", "(Letters cannot be read here: no OCR program and no model that sees pictures.)"]
    if host.offers("see_image"):
        lines += ["", "describe_image(path, question) asks a model about the picture."]
    return "\n".join(lines)


def _opened(path: str) -> Any:
    pillow = require("PIL.Image")
    try:
        image = pillow.open(check_file(path))
        if image.width * image.height > MOST_PIXELS:
            raise UnreadableFile(f"{path} has {image.width} × {image.height} pixels, too many to read")
        image.load()
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError | UnreadableFile):
            raise
        raise UnreadableFile(f"{os.fspath(path)} is broken or is no picture: {error}") from None
    return image


def _upright(image: Any) -> Any:
    """The picture as the camera meant it to be seen."""
    return require("PIL.ImageOps").exif_transpose(image)


def _exif(image: Any) -> dict[str, str]:
    tags = require("PIL.ExifTags")
    exif = image.getexif()
    found = {}
    groups = ((exif, tags.TAGS), (exif.get_ifd(_EXIF_TAG), tags.TAGS), (exif.get_ifd(_GPS_TAG), tags.GPSTAGS))
    for values, names in groups:
        for tag, value in values.items():
            if tag not in (_EXIF_TAG, _GPS_TAG) and not (isinstance(value, bytes) and len(value) > 100):
                found[str(names.get(tag, tag))] = str(value).strip("\x00")
    return found
