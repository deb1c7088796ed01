"""Paragraphs of Word documents: what is seen of them, and what marks their text."""

import re
from collections.abc import Iterator
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BREAKS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}


def blocks(element: Any) -> Iterator[Any]:
    """Paragraphs and tables in their order, those in fields that readers fill in (content controls) too."""
    for child in element:
        if child.tag in (f"{W}p", f"{W}tbl"):
            yield child
        elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}customXml", f"{W}moveTo"):
            yield from blocks(child)


def text_boxes(paragraph: Any) -> Iterator[str]:
    """The texts of boxes that are anchored in a paragraph."""
    for box in _own(paragraph, f"{W}txbxContent", inside=f"{W}txbxContent"):
        text = "\n".join(marks_of(inner)["text"] for inner in blocks(box) if inner.tag == f"{W}p")
        if text.strip():
            yield text


def marks_of(paragraph: Any) -> dict[str, Any]:
    """The text, and the pieces of it that are struck, highlighted, coloured, inserted, deleted, hidden.

    Deleted text, of a tracked change, is not in the text.
    """
    marks: dict[str, Any] = {"text": ""}
    for run in _own(paragraph, f"{W}r", inside=f"{W}txbxContent"):
        above = {parent.tag for parent in run.iterancestors()}
        deleted = f"{W}del" in above or f"{W}moveFrom" in above
        text = "".join(_letters(run))
        if not text:
            continue
        if deleted:
            _add(marks, "deleted", text)
            continue
        marks["text"] += text
        if f"{W}ins" in above or f"{W}moveTo" in above:
            _add(marks, "inserted", text)
        properties = run.find(f"{W}rPr")
        if properties is None:
            continue
        for name, tags in (("struck", ("strike", "dstrike")), ("bold", ("b",)), ("hidden", ("vanish",))):
            if any(_is_on(properties, tag) for tag in tags):
                _add(marks, name, text)
        for name, tag, key in (("highlighted", "highlight", "val"), ("colored", "color", "val")):
            found = properties.find(f"{W}{tag}")
            color = found.get(f"{W}{key}") if found is not None else None
            if color and color not in ("auto", "none", "000000"):
                shown = f"#{color.upper()}" if re.fullmatch("[0-9a-fA-F]{6}", color) else color
                marks.setdefault(name, {})
                _add(marks[name], shown, text)
    return marks


def _add(marks: dict[str, Any], name: str, text: str) -> None:
    marks[name] = marks.get(name, "") + text


def _letters(run: Any) -> Iterator[str]:
    for piece in run:
        if piece.tag in (f"{W}t", f"{W}delText"):
            yield piece.text or ""
        elif piece.tag in _BREAKS:
            yield _BREAKS[piece.tag]


def _own(paragraph: Any, tag: str, inside: str) -> Iterator[Any]:
    """Elements of a paragraph that belong to it: not to another one inside, nor to an older form of it."""
    for found in paragraph.iter(tag):
        for parent in found.iterancestors():
            if parent is paragraph:
                yield found
                break
            if parent.tag in (inside, _FALLBACK):
                break


def _is_on(properties: Any, tag: str) -> bool:
    found = properties.find(f"{W}{tag}")
    return found is not None and found.get(f"{W}val") not in ("0", "false", "off")


class Numbering:
    """Counts the paragraphs of lists as Word does, whose numbers are not in the text."""

    def __init__(self, document: Any) -> None:
        self._levels: dict[str, dict[int, Any]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._styles = document.styles.element
        relations = document.part.rels.values()
        parts = [r.target_part for r in relations if r.reltype.endswith("/numbering")]
        if not parts:
            return
        root = parts[0].element
        abstract = {item.get(f"{W}abstractNumId"): item for item in root.iter(f"{W}abstractNum")}
        for number in root.iter(f"{W}num"):
            link = number.find(f"{W}abstractNumId")
            kind = abstract.get(link.get(f"{W}val")) if link is not None else None
            if kind is not None:
                self._levels[number.get(f"{W}numId")] = {
                    int(level.get(f"{W}ilvl", 0)): level for level in kind.findall(f"{W}lvl")
                }

    def label(self, paragraph: Any) -> str:
        """Such as `3.2` or `b)`; empty for a paragraph that is not numbered, `•` for a point."""
        number, level = self._place(paragraph)
        levels = self._levels.get(number or "", {})
        if level not in levels:
            return ""
        counts = self._counts.setdefault(number or "", {})
        counts[level] = counts.get(level, _start(levels[level]) - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        if _value(levels[level], "numFmt") == "bullet":
            return "•"

        def counted(found: re.Match[str]) -> str:
            place = int(found[1]) - 1
            count = counts.get(place, _start(levels[place]) if place in levels else 1)
            return _numeral(count, _value(levels.get(place), "numFmt") or "decimal")

        return re.sub(r"%(\d)", counted, _value(levels[level], "lvlText") or "").strip()

    def _place(self, paragraph: Any) -> tuple[str | None, int]:
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return None, 0
        own = properties.find(f"{W}numPr")
        if own is None:
            style = _value(properties, "pStyle")
            for _ in range(10):
                found = self._styles.xpath(f'w:style[@w:styleId="{style}"]') if style and '"' not in style else []
                if not found:
                    return None, 0
                own = found[0].find(f"{W}pPr/{W}numPr")
                if own is not None:
                    break
                style = _value(found[0], "basedOn")
        if own is None:
            return None, 0
        return _value(own, "numId"), int(_value(own, "ilvl") or 0)


def _value(element: Any, name: str) -> str | None:
    found = element.find(f"{W}{name}") if element is not None else None
    return found.get(f"{W}val") if found is not None else None


def _start(level: Any) -> int:
    return int(_value(level, "start") or 1)


def _numeral(count: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter"):
        letters = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letters.upper() if form == "upperLetter" else letters
    if form in ("lowerRoman", "upperRoman"):
        text = ""
        for value, sign in (
            (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
            (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
        ):  # fmt: skip
            text += sign * (count // value)
            count %= value
        return text.upper() if form == "upperRoman" else text
    return f"{count:02}" if form == "decimalZero" else str(count)
