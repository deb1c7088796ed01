"""Run the capture corpus under any Python, without the rest of the product.

    PYTHONPATH=PythonStubs python3.13 Tests/ActionLibraryTests/Python/run_corpus.py

Prints the cases whose verdict differs from the expected one; the exit status counts them.
"""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dynasaur_library import session_bridge
from simulated_session import SimulatedSession

HERE = pathlib.Path(__file__).parent
STUBS = HERE.parents[2] / "PythonStubs"
SOURCES = {
    ".".join(path.relative_to(STUBS).with_suffix("").parts).removesuffix(".__init__"): (
        path.read_text()
    )
    for path in STUBS.glob("dynasaur_library/*.py")
}
FRESH_PROCESS = (HERE / "fresh_process.py").read_text()


@dataclass
class Case:
    """One function, the steps that make it, and what is to become of it."""

    name: str
    entry: str = ""
    verdict: str = ""
    steps: list[str] = field(default_factory=list)


def cases(path: pathlib.Path) -> Iterator[Case]:
    """The cases of a file; the format is described in `CorpusCase.swift`."""
    for text in path.read_text().split("\n==== "):
        head, *steps = text.removeprefix("==== ").split("\n----\n")
        name, *fields = head.splitlines()
        values = dict(line.split(": ", 1) for line in fields if line)
        yield Case(name, values["entry"], values["verdict"], steps)


def verdict(case: Case) -> str:
    """`accepted`, or `refused: ` and the reason."""
    session = SimulatedSession()
    directory = os.getcwd()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for step in case.steps:
                session.run(step)
            found = session_bridge.candidates(session.name, json.dumps([case.entry]))
        candidate = json.loads(found)[0]
    finally:
        session.close()
        os.chdir(directory)
    if "refused" in candidate:
        return f"refused: {candidate['refused']}"
    if not candidate["calls"]:
        return "refused: never called"
    if all(call["exception"] for call in candidate["calls"]):
        return "refused: No call of it succeeded"
    return next(filter(None, (replayed(candidate, seed) for seed in "12")), "accepted")


def replayed(candidate: dict[str, Any], seed: str) -> str | None:
    """Why repeating the calls in a fresh interpreter fails, if it does."""
    request = {
        "action": candidate,
        "calls": candidate["calls"],
        "variables": candidate["variables"],
        "hostFunctions": candidate["hostFunctions"],
    }
    envelope = {
        "modules": SOURCES,
        "function": "dynasaur_library.admission:check",
        "request": request,
    }
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.run(
            [sys.executable, "-I", "-B", "-c", FRESH_PROCESS],
            input=json.dumps(envelope),
            capture_output=True,
            text=True,
            cwd=directory,
            env={"PYTHONHASHSEED": seed, "HOME": directory},
            timeout=30,
            check=False,
        )
    lines = process.stdout.splitlines()
    outcome = json.loads(lines[-1]).get("outcome") if lines else None
    if outcome is None:
        return f"refused: the process ended: {process.stderr[-500:]}"
    if outcome["error"]:
        return f"refused: does not import: {outcome['error']}"
    if outcome["importEffects"]:
        return f"refused: side effects: {outcome['importEffects']}"
    if outcome["variables"]:
        return f"refused: value in the session: {outcome['variables']}"
    for number, call in enumerate(outcome["calls"], start=1):
        if call["status"] == "different":
            return f"refused: Repeating call {number}: {call['detail']}"
    return None


def main() -> int:
    """Run all cases, or those whose name contains an argument."""
    wrong = total = 0
    for path in sorted((HERE.parent / "Corpus").glob("*.cases")):
        for case in cases(path):
            if sys.argv[1:] and not any(word in case.name for word in sys.argv[1:]):
                continue
            total += 1
            found = verdict(case)
            expected = case.verdict.removeprefix("refused")
            if found.split(":")[0] != case.verdict.split(":")[0] or (
                case.verdict != "accepted" and expected.strip(": ") not in found
            ):
                wrong += 1
                print(f"{path.stem}: {case.name}\n  expected {case.verdict}\n  found    {found}")
    print(f"{total - wrong} of {total} as expected (Python {sys.version.split()[0]})")
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(), 125))
