"""Scorers of mathematical answers that need sympy. Their deadline is the session's."""

import logging
from collections.abc import Callable

from . import minerva, prm800k
from .packages import make_importable

make_importable()
# It warns once that its own time limits are off.
logging.getLogger("math_verify").setLevel(logging.ERROR)


def score(scorer: str, fields: dict[str, str | None]) -> dict[str, object]:
    """The verdict of a scorer on a case, and the answer that it took out."""
    is_correct, answer = _SCORERS[scorer](fields)
    return {"correct": is_correct, "answer": answer}


_Fields = dict[str, str | None]
_Verdict = tuple[bool, str | None]


def _text(fields: _Fields, key: str) -> str:
    return fields[key] or ""


def _prm800k(fields: _Fields) -> _Verdict:
    answer = fields["prediction"]
    return prm800k.is_equal(answer, _text(fields, "truth")), answer


def _prm800k_boxed(fields: _Fields) -> _Verdict:
    response = _text(fields, "response")
    answer = _last_box(response)
    answer = response if answer is None else answer
    return prm800k.is_equal(answer, _text(fields, _truth(fields))), answer


def _minerva(fields: _Fields) -> _Verdict:
    answer = minerva.normalized(_text(fields, "prediction"))
    return minerva.is_equal(answer, minerva.normalized(_text(fields, "truth"))), answer


def _minerva_response(fields: _Fields) -> _Verdict:
    answer = minerva.normalized(minerva.extracted(_text(fields, "response")))
    truth = minerva.normalized(_last_box(_text(fields, "gold_solution")) or "")
    return minerva.is_equal(answer, truth), answer


def _math_verify(fields: _Fields) -> _Verdict:
    return _verified(f"${_text(fields, 'truth')}$", f"${_text(fields, 'prediction')}$")


def _math_verify_response(fields: _Fields) -> _Verdict:
    gold = fields.get("gold_solution")
    return _verified(f"${_text(fields, 'truth')}$" if gold is None else gold, _text(fields, "response"))


def _verified(gold: str, target: str) -> _Verdict:
    from math_verify import parse, verify

    # Without its own time limits, which are alarms: the session has a deadline.
    wanted, given = parse(gold, parsing_timeout=None), parse(target, parsing_timeout=None)
    return bool(verify(wanted, given, timeout_seconds=None)), str(given[-1]) if given else None


def _truth(fields: _Fields) -> str:
    return "gold_answer" if "gold_answer" in fields else "truth"


def _last_box(text: str) -> str | None:
    start = text.rfind("\\boxed")
    start = text.rfind("\\fbox") if start < 0 else start
    if start < 0:
        return None
    opened = 0
    for index in range(start, len(text)):
        opened += (text[index] == "{") - (text[index] == "}")
        if text[index] == "}" and opened == 0:
            box = text[start : index + 1]
            return box[len("\\boxed{") : -1] if box.startswith("\\boxed{") else None
    return None


_SCORERS: dict[str, Callable[[_Fields], _Verdict]] = {
    "prm800k": _prm800k,
    "boxed-prm800k": _prm800k_boxed,
    "minerva": _minerva,
    "minerva-response": _minerva_response,
    "math-verify": _math_verify,
    "math-verify-response": _math_verify_response,
}
