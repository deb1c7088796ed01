"""The scoring of MATH by Minerva (Lewkowycz et al. 2022, appendix D), as lm-eval's minerva_math does it."""

import re

_REPLACED = [
    ("an ", ""),
    ("a ", ""),
    (".$", "$"),
    ("\\$", ""),
    (r"\ ", ""),
    (" ", ""),
    ("mbox", "text"),
    (",\\text{and}", ","),
    ("\\text{and}", ","),
    ("\\text{m}", "\\text{}"),
]
_REMOVED = [
    "square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", "\\ldots",
    "sue", "points", "feet", "minutes", "digits", "cents", "degrees", "cm", "gm", "pounds", "meters",
    "meals", "edges", "students", "childrentickets", "multiples", "\\text{s}", "\\text{.}",
    "\\text{\ns}", "\\text{}^2", "\\text{}^3", "\\text{\n}", "\\text{}", r"\mathrm{th}", r"^\circ",
    r"^{\circ}", r"\;", r",\!", "{,}", '"', "\\dots",
]  # fmt: skip
_WRAPPERS = [r"\\text\{", r"\\textbf\{", r"\\overline\{", r"\\boxed\{"]
_TEMPLATE = re.compile(r"Final Answer: The final answer is(.*?). I hope it is correct.")


def extracted(response: str) -> str:
    """The answer between the words of the template; "[invalidanswer]" without them."""
    match = _TEMPLATE.search(response + "I hope it is correct.")
    return match[1].strip() if match else "[invalidanswer]"


def normalized(text: str) -> str:
    """The answer without units, filler words and LaTeX's decoration."""
    text = text.split("=")[-1]
    for old, new in _REPLACED:
        text = text.replace(old, new)
    for old in _REMOVED:
        text = text.replace(old, "")
    text = re.sub(r"(.*?)(\$)(.*?)(\$)(.*)", r"$\3$", text)
    for head in _WRAPPERS:
        text = re.sub(rf"({head})(.*?)(\}})", r"\2", text)
    text = re.sub(r"(frac)([^{])(.)", r"frac{\2}{\3}", text)
    text = re.sub(r"(sqrt)([^{])", r"sqrt{\2}", text)
    text = text.replace("$", "")
    if text.replace(",", "").isdigit():
        text = text.replace(",", "")
    return text


def is_equal(answer: str, truth: str) -> bool:
    """Whether sympy parses both and finds no difference; identical texts that it cannot parse differ."""
    import sympy
    from sympy.parsing.latex import parse_latex

    try:
        difference = parse_latex(answer) - parse_latex(truth)
        return bool(sympy.simplify(difference) == 0)
    except Exception:
        return False
