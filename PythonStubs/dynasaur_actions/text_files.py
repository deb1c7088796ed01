"""Text of any encoding, and tables with separators."""

import csv
import io

from dynasaur_actions.files import check_file, decode
from dynasaur_actions.office import UnreadableFile


def read_text_file(path: str, encoding: str | None = None) -> str:
    """Read a text file whole, whatever its encoding."""
    with open(check_file(path), "rb") as file:
        return decode(file.read(), encoding)[0]


def read_csv_rows(
    path: str, separator: str | None = None, encoding: str | None = None
) -> list[dict[str, str]]:
    """Read a table with separators (CSV, TSV) as one dict of texts for each row."""
    text = read_text_file(path, encoding).lstrip("\ufeff")
    if not text.strip():
        return []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator or _separator(text))
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise UnreadableFile(
            f"{path} is no table with separators at line {reader.line_num}: {error}. A quotation mark may "
            "be missing; read_text_file gives its text"
        ) from None
    names = _unique([name.strip() for name in rows[0]])
    table = []
    for row in rows[1:]:
        padded = row + [""] * (len(names) - len(row))
        record = dict(zip(names, padded, strict=False))
        if len(row) > len(names):  # Nothing that is in the file is left out.
            record["more"] = ", ".join(row[len(names) :])
        table.append(record)
    return table


def _separator(text: str) -> str:
    """The separator that divides the first lines into equally many parts, and most of them."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:20]

    def score(separator: str) -> tuple[bool, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        return len(set(counts)) == 1 and counts[0] > 1, min(counts)

    return max(",;\t|", key=score)


def _unique(names: list[str]) -> list[str]:
    """Names of columns, those that are empty or repeated with a number."""
    found: list[str] = []
    for number, name in enumerate(names, 1):
        name = name or f"column {number}"
        count = 2
        candidate = name
        while candidate in found:
            candidate = f"{name} {count}"
            count += 1
        found.append(candidate)
    return found
