"""Reads Parquet files, where pyarrow is installed."""

import json

from .packages import make_importable


def rows(path: str) -> list[str] | None:
    """Each row as JSON; None if pyarrow is not installed."""
    make_importable()
    try:
        from pyarrow import parquet
    except ImportError:
        return None
    table = parquet.read_table(path)
    return [json.dumps(row, default=str, ensure_ascii=True) for row in table.to_pylist()]
