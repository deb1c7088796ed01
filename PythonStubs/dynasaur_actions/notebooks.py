"""Jupyter notebooks."""

from typing import Any

from dynasaur_actions.office import UnreadableFile
from dynasaur_actions.structured import read_json


def notebook_text(path: str) -> str:
    """The cells of a notebook with what their code printed and gave."""
    notebook = read_json(path)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise UnreadableFile(f"{path} is no Jupyter notebook of version 4: read_json gives what it holds")
    parts = []
    for cell in cells:
        if not isinstance(cell, dict):
            continue
        source = _joined(cell.get("source"))
        if cell.get("cell_type") != "code":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        outputs = [_output(output) for output in cell.get("outputs") or [] if isinstance(output, dict)]
        if shown := "\n".join(text for text in outputs if text):
            parts.append(f"Output:\n{shown}")
    return "\n\n".join(part for part in parts if part.strip())


def _output(output: dict[str, Any]) -> str:
    if "text" in output:  # A stream.
        return _joined(output["text"]).rstrip("\n")
    if output.get("output_type") == "error":
        return f"{output.get('ename')}: {output.get('evalue')}"
    data = output.get("data") or {}
    texts = [_joined(data["text/plain"])] if "text/plain" in data else []
    return "\n".join(texts + [f"[{kind}]" for kind in data if kind.startswith("image/")])


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")
