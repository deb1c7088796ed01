"""The grader of PRM800K (Lightman et al. 2023): texts first, then sympy."""

import re

from . import hendrycks

_UNITS = (
    "degree centimeter cm meter mile second minute hour day week month year foot feet inch yard"
).split()
_SCALES = {"million": 6, "billion": 9, "trillion": 12}
_PAIRS = {"(": ")", "[": "]"}
# What sympy is not asked: it would take too long, or read it wrongly.
_POWER = re.compile(r"\^[0-9]+\^|\^[0-9][0-9]+")
_LATEX_WORDS = {"√": "sqrt", "π": "pi", "∞": "inf", "∪": "U", "·": "*", "×": "*"}


def is_equal(answer: str | None, truth: str) -> bool:
    """Whether the answer is the truth."""
    if answer is None:
        return False
    if hendrycks.normalized(_unwrapped(answer)) == hendrycks.normalized(_unwrapped(truth)):
        return True
    given, wanted = _normalized(answer), _normalized(truth)
    if given == wanted:
        return True
    if not given:
        return False
    parts, wanted_parts = _elements(given), _elements(wanted)
    if len(wanted_parts) > 1 and (given[0] != wanted[0] or given[-1] != wanted[-1]):
        return False
    if len(parts) != len(wanted_parts):
        return False
    return all(map(_is_equal_element, parts, wanted_parts))


def _unwrapped(text: str) -> str:
    text = text.strip()
    match = re.search(r"^\\text\{(?P<inside>.+?)\}$", text)
    return match["inside"].strip() if match else text


# ---- Normalisation -------------------------------------------------------------------------------


def _normalized(text: str) -> str:
    match = re.search(r"^\\text\{(?P<inside>.+?)\}$", text)
    if match:
        text = match["inside"]
    for old in ("\\%", "\\$", "$", "%"):
        text = text.replace(old, "")
    text = text.replace(" or ", " , ").replace(" and ", " , ")
    for word, zeros in _SCALES.items():
        text = text.replace(word, f"*10^{zeros}")
    for unit in _UNITS:
        text = re.sub(rf"{unit}(es)?(s)? *(\^[0-9]+)?", "", text)
    text = re.sub(r"\^ *\\circ", "", text)
    if text and text[0] == "{" and text[-1] == "}":
        text = text[1:-1]
    text = re.sub(r",\\! *", "", text)
    text = _integral(text)
    if "\\" in text:
        text = _plain(text)
    text = re.sub("- *", "-", text)
    # Mixed numbers, as "1 1/2".
    text = re.sub("([0-9]) +([0-9])", r"\1+\2", text)
    text = text.replace(" ", "").replace("{", "").replace("}", "").lower()
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text):
        text = text.replace(",", "")
    return _integral(text)


def _integral(text: str) -> str:
    """A float that is a whole number, as an integer; any other text as it is."""
    try:
        number = float(text)
        if abs(number - round(number)) <= 1e-7:
            return str(round(number))
    except (ValueError, OverflowError):
        pass
    return text


def _plain(text: str) -> str:
    from pylatexenc import latex2text

    text = text.replace("\\tfrac", "\\frac").replace("\\dfrac", "\\frac")
    # The mixed number 1\frac12 must not become 11/2.
    text = text.replace("\\frac", " \\frac")
    try:
        text = latex2text.LatexNodes2Text().latex_to_text(text)
    except Exception:
        return text
    for symbol, word in _LATEX_WORDS.items():
        text = text.replace(symbol, word)
    return text.strip()


# ---- Comparison ----------------------------------------------------------------------------------


def _elements(text: str) -> list[str]:
    text = _without_thousands(text)
    if not text:
        return []
    if len(text) > 2 and text[0] in "()[]" and text[-1] in "()[]":
        inner = text[1:-1]
        if not any(bracket in inner for bracket in "()[]"):
            return [part.strip() for part in inner.split(",")]
    return [text]


def _without_thousands(text: str) -> str:
    while True:
        shorter = re.sub(r"(\d)(,)(\d\d\d)($|\D)", r"\1\3\4", text)
        if shorter == text:
            return text
        text = shorter


def _is_equal_element(given: str, wanted: str) -> bool:
    if _is_fraction(wanted) and _is_fraction(given):
        # A fraction is to be reduced.
        return given == wanted
    if _is_integer(wanted) != _is_integer(given):
        return False
    return _is_zero(f"({wanted})-({given})")


def _is_fraction(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+.?/0*[1-9][0-9]*.?", text) is not None


def _is_integer(text: str) -> bool:
    try:
        number = float(_without_thousands(text))
        return abs(number - round(number)) <= 1e-7
    except (ValueError, OverflowError):
        return False


def _is_zero(expression: str) -> bool:
    letters = expression.replace("sqrt", "").replace("frac", "")
    if len({letter for letter in letters if letter.isalpha()}) > 2:
        return False
    if "^{" in expression or "^(" in expression or _POWER.search(expression):
        return False
    import sympy
    from sympy.parsing import sympy_parser

    try:
        parsed = sympy_parser.parse_expr(
            expression.replace("^", "**"),
            transformations=(
                *sympy_parser.standard_transformations,
                sympy_parser.implicit_multiplication_application,
            ),
        )
        return bool(sympy.simplify(parsed) == 0)
    except Exception:
        return False
