"""The normalisation of MATH's authors, for the graders that begin with it.

The scorer of that name is Swift (MATHNormalization).
"""


def normalized(text: str) -> str:
    """The normalised text; the text itself where the public code raises."""
    try:
        return _normalize(text)
    except (ValueError, IndexError):
        return text


def _normalize(text: str) -> str:
    text = text.replace("\n", "").replace("\\!", "").replace("\\\\", "\\")
    text = text.replace("tfrac", "frac").replace("dfrac", "frac")
    for gone in ("\\left", "\\right", "^{\\circ}", "^\\circ", "\\$"):
        text = text.replace(gone, "")
    text, *units = text.split("\\text{ ")
    if len(units) > 1:
        raise ValueError("two units")
    text = text.replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.")
    if not text:
        return text
    if text[0] == ".":
        text = "0" + text
    sides = text.split("=")
    if len(sides) == 2 and len(sides[0]) <= 2:
        text = sides[1]
    text = _with_braced_roots(text).replace(" ", "")
    text = _with_braced_fractions(text)
    if text == "0.5":
        return "\\frac{1}{2}"
    sides = text.split("/")
    if len(sides) == 2:
        try:
            left, right = int(sides[0]), int(sides[1])
        except ValueError:
            return text
        if text == f"{left}/{right}":
            return f"\\frac{{{left}}}{{{right}}}"
    return text


def _with_braced_roots(text: str) -> str:
    head, *parts = text.split("\\sqrt")
    for part in parts:
        head += "\\sqrt" + (part if part[0] == "{" else f"{{{part[0]}}}{part[1:]}")
    return head


def _with_braced_fractions(text: str) -> str:
    head, *parts = text.split("\\frac")
    for part in parts:
        if part[0] == "{":
            head += "\\frac" + part
            continue
        if len(part) < 2:
            return text
        denominator = part[1:] if part[1] == "{" else f"{{{part[1]}}}{part[2:]}"
        head += f"\\frac{{{part[0]}}}{denominator}"
    return head
