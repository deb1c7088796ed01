"""One action for a first look at any file."""

def inspect_file_as_text(path: str, start: int = 0, limit: int = 50_000) -> str:
    """Read any file as text: Office, PDF, HTML, archives, pictures, audio, data, text.

    Spreadsheets show formulas, fill colours, fonts, merged areas and hidden sheets; presentations
    speaker notes and hidden slides; archives what is in them; pictures their facts and letters; audio
    what is said, where a model can tell. `limit` characters from `start` on are given, and the text
    says how to go on. A broken or encrypted file is an error that says so.

    Effects: reads the file; for pictures and audio asks services of the host, where it has them.

    Example:
        >>> print(inspect_file_as_text("plan.xlsx"))
        plan.xlsx: Excel workbook, 6,414 bytes
        ...
    """
