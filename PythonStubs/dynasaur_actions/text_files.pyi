"""Text of any encoding, and tables with separators."""

def read_text_file(path: str, encoding: str | None = None) -> str:
    """Read a text file whole, whatever its encoding.

    Without `encoding` it is found out: byte order marks, UTF-8, then a guess.

    Effects: reads the file.

    Example:
        >>> read_text_file("notes.txt").splitlines()[0]
        'Größe: 12 €'
    """

def read_csv_rows(
    path: str, separator: str | None = None, encoding: str | None = None
) -> list[dict[str, str]]:
    """Read a table with separators (CSV, TSV) as one dict of texts for each row.

    The first row names the columns; empty and repeated names get a number. Values are texts as they
    stand in the file. Without `separator` it is found out among comma, semicolon, tab and bar.

    Effects: reads the file.

    Example:
        >>> read_csv_rows("orders.csv")[0]
        {'order': '9001', 'quantity': '2'}
    """
