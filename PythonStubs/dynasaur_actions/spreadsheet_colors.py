"""Colours of Excel cells as #RRGGBB: direct, indexed, or of the workbook's theme with a tint."""

import colorsys
import re
from typing import Any

# Windows' own order of the theme colours differs from the file's: light before dark.
_THEME_ORDER = ["lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink"]


class Palette:
    """The colours that a workbook's styles refer to."""

    def __init__(self, workbook: Any) -> None:
        theme = workbook.loaded_theme or b""
        text = theme.decode("utf-8", "replace") if isinstance(theme, bytes) else str(theme)
        self._theme = [_theme_color(text, name) for name in _THEME_ORDER]

    def fill(self, fill: Any) -> str | None:
        """The colour of a fill; None where the cell is not filled."""
        if fill is None or getattr(fill, "fill_type", None) in (None, "none"):
            return None
        if fill.fill_type in ("linear", "path"):  # A gradient: the colour that it begins with.
            stops = list(fill.stop)
            return self.color(stops[0].color) if stops else None
        return self.color(fill.fgColor)

    def color(self, color: Any) -> str | None:
        """A colour as #RRGGBB; None where there is none, or the system's own."""
        if color is None:
            return None
        if color.type == "rgb" and isinstance(color.rgb, str):
            return _tinted(color.rgb[-6:], color.tint)
        if color.type == "theme" and 0 <= color.theme < len(self._theme):
            return _tinted(self._theme[color.theme], color.tint)
        if color.type == "indexed":
            from openpyxl.styles.colors import COLOR_INDEX

            if 0 <= color.indexed < len(COLOR_INDEX):
                return _tinted(COLOR_INDEX[color.indexed][-6:], color.tint)
        return None


def _theme_color(theme: str, name: str) -> str | None:
    found = re.search(
        rf"<a:{name}>.*?(?:srgbClr val=\"([0-9A-Fa-f]{{6}})\"|lastClr=\"([0-9A-Fa-f]{{6}})\")",
        theme,
        re.DOTALL,
    )
    return (found[1] or found[2]) if found else None


def _tinted(color: str | None, tint: float | None) -> str | None:
    """A colour made lighter (tint above 0) or darker (below), as ECMA-376, 18.8.19, says."""
    if color is None:
        return None
    if tint:
        red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (0, 2, 4))
        hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
        light = light * (1 + tint) if tint < 0 else light * (1 - tint) + tint
        parts = colorsys.hls_to_rgb(hue, min(max(light, 0), 1), saturation)
        color = "".join(f"{round(part * 255):02X}" for part in parts)
    return f"#{color.upper()}"
