"""Fetch packages with pip: runs in a confined process of its own, never in a session of code."""

import importlib
import io
import json
import os
import zipfile
from contextlib import redirect_stderr, redirect_stdout


class NotFetched(RuntimeError):
    """pip could not fetch the packages; the message says why."""


def fetch(requirements: list[str], options: list[str]) -> str:
    """Leave the packages that are missing in `packages.zip`; a sentence that names them.

    What is installed already is kept, and is not fetched again.
    """
    wanted = _missing(requirements, options)
    if wanted:
        _pip(["install", "--no-deps", "--target", "packages", *_COMMON, *options, *wanted])
    with zipfile.ZipFile("packages.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for folder, _, names in os.walk("packages"):
            for name in names:
                path = os.path.join(folder, name)
                archive.write(path, os.path.relpath(path, "packages"))
    if not wanted:
        return "Nothing to install: it is all there."
    return f"Installed {', '.join(name.replace('==', ' ') for name in wanted)}."


_COMMON = ["--only-binary", ":all:", "--no-input", "--no-cache-dir", "--quiet"]


def _missing(requirements: list[str], options: list[str]) -> list[str]:
    """What has to be fetched, with exact versions."""
    _pip(["install", "--dry-run", "--report", "report.json", *_COMMON, *options, *requirements])
    with open("report.json", encoding="utf-8") as file:
        report = json.load(file)
    return [f"{item['metadata']['name']}=={item['metadata']['version']}" for item in report["install"]]


def _pip(arguments: list[str]) -> None:
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    os.environ["PIP_ROOT_USER_ACTION"] = "ignore"
    pip = importlib.import_module("pip")
    main = importlib.import_module("pip._internal.cli.main").main
    # Its own asks programs and files of the system, which are out of reach here.
    agent = f"pip/{pip.__version__}"
    vars(importlib.import_module("pip._internal.network.session"))["user_agent"] = lambda: agent

    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        status = main(arguments)
    if status:
        lines = [line for line in output.getvalue().splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-5:]
        raise NotFetched("; ".join(errors) or f"pip ended with status {status}")
