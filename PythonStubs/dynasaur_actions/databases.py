"""Files of SQLite."""

import contextlib
from pathlib import Path

from dynasaur_actions.files import check_file
from dynasaur_actions.office import UnreadableFile

MOST_ROWS = 20


def database_text(path: str) -> str:
    """The tables of a database: how each is declared, how many rows it has, and the first of them."""
    import sqlite3

    address = Path(check_file(path)).resolve().as_uri() + "?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            tables = database.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
            ).fetchall()
            parts = ["(sqlite3.connect(path) reads it with SQL)"]
            for name, declaration in tables:
                quoted = '"' + name.replace('"', '""') + '"'
                count = database.execute(f"SELECT count(*) FROM {quoted}").fetchone()[0]
                rows = database.execute(f"SELECT * FROM {quoted} LIMIT {MOST_ROWS}")
                head = " | ".join(column[0] for column in rows.description)
                lines = [f"## {name}: {count:,} rows", str(declaration), head]
                lines += [" | ".join(map(str, row)) for row in rows]
                parts.append("\n".join(lines))
            return "\n\n".join(parts)
    except sqlite3.Error as error:
        raise UnreadableFile(f"{path} is broken or is no SQLite database: {error}") from None
