"""What every action that reads a file asks first: is it there, what is it, how is it encoded."""

import os
from typing import NamedTuple

from dynasaur_actions.packages import require

LARGEST_FILE = 512 << 20


class FileKind(NamedTuple):
    """A kind of file: a short name that readers are chosen by, and words for people."""

    name: str
    words: str


_BY_ENDING = {
    ".xlsx": ("xlsx", "Excel workbook"),
    ".xlsm": ("xlsx", "Excel workbook with macros"),
    ".xltx": ("xlsx", "Excel template"),
    ".xls": ("xls", "Excel workbook (old format)"),
    ".docx": ("docx", "Word document"),
    ".docm": ("docx", "Word document with macros"),
    ".pptx": ("pptx", "PowerPoint presentation"),
    ".pptm": ("pptx", "PowerPoint presentation with macros"),
    ".pdf": ("pdf", "PDF document"),
    ".zip": ("archive", "ZIP archive"),
    ".tar": ("archive", "TAR archive"),
    ".tgz": ("archive", "compressed TAR archive"),
    ".gz": ("archive", "compressed file"),
    ".bz2": ("archive", "compressed file"),
    ".xz": ("archive", "compressed file"),
    ".html": ("html", "HTML page"),
    ".htm": ("html", "HTML page"),
    ".xhtml": ("html", "HTML page"),
    ".ods": ("ods", "OpenDocument spreadsheet"),
    ".ots": ("ods", "OpenDocument spreadsheet"),
    ".odt": ("odf", "OpenDocument text"),
    ".odp": ("odf", "OpenDocument presentation"),
    ".rtf": ("rtf", "rich text (RTF)"),
    ".eml": ("eml", "message of electronic mail"),
    ".epub": ("markitdown", "e-book (EPUB)"),
    ".msg": ("markitdown", "Outlook message"),
    ".ipynb": ("ipynb", "Jupyter notebook"),
    ".pdb": ("text", "protein structure (PDB)"),
    ".jsonld": ("text", "JSON-LD data"),
    ".json": ("text", "JSON data"),
    ".jsonl": ("text", "JSON lines"),
    ".xml": ("text", "XML data"),
    ".csv": ("text", "table with separators (CSV)"),
    ".tsv": ("text", "table with separators (TSV)"),
}
_AUDIO = {".wav", ".mp3", ".m4a", ".flac", ".ogg", ".oga", ".opus", ".aac", ".mpga", ".webm", ".mp4"}
_IMAGES = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def check_file(path: str) -> str:
    """The path of a readable file. Raises OSError with a sentence that says what is there instead."""
    path = os.fspath(path)
    if os.path.isdir(path):
        names = ", ".join(sorted(os.listdir(path))[:50]) or "nothing"
        raise IsADirectoryError(f"{path} is a folder. In it: {names}")
    if not os.path.exists(path):
        folder = os.path.dirname(path) or "."
        inside = sorted(os.listdir(folder))[:50] if os.path.isdir(folder) else []
        there = f"In {folder}: {', '.join(inside)}" if inside else f"{folder} is empty or not there."
        raise FileNotFoundError(f"there is no file {path}. {there}")
    size = os.path.getsize(path)
    if size > LARGEST_FILE:
        raise ValueError(
            f"{path} has {size:,} bytes, more than the {LARGEST_FILE:,} that are read whole: "
            "read it in pieces with open()"
        )
    return path


def kind_of(path: str) -> FileKind:
    """What a file is, by its first bytes, and by its name where they do not tell."""
    with open(path, "rb") as file:
        head = file.read(512)
    ending = os.path.splitext(path)[1].lower()
    known = _BY_ENDING.get(ending)
    if head.startswith(b"%PDF-") or b"%PDF-" in head[:128]:
        return FileKind("pdf", "PDF document")
    for start, name in _IMAGES.items():
        if head.startswith(start):
            return FileKind("image", f"picture ({name})")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return FileKind("image", "picture (WebP)")
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return FileKind("audio", "audio (WAV)")
    if head.startswith((b"ID3", b"fLaC", b"OggS")) or ending in _AUDIO:
        return FileKind("audio", f"audio or video ({ending.lstrip('.') or 'unknown'})")
    if head.startswith(OLE):
        return ole_kind(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return FileKind(*known) if known else _office_kind(path, head)
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or head[257:262] == b"ustar":
        return FileKind("archive", "compressed archive")
    if head.startswith(b"SQLite format 3\x00"):
        return FileKind("sqlite", "SQLite database")
    if head.startswith(b"{\\rtf"):
        return FileKind(*_BY_ENDING[".rtf"])
    if known and known[0] in ("html", "text", "eml", "ipynb"):
        return FileKind(*known)
    if known and head:
        return FileKind("broken", f"file named like a {known[1]}, which it is not")
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return FileKind("html", "HTML page")
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return FileKind("binary", "binary data")
    return FileKind("text", "text")


def ole_kind(path: str) -> FileKind:
    """What a file in the container of old Office files is; its words say what to do where it is not read."""
    name = os.path.splitext(path)[1].lower()
    with open(path, "rb") as file:
        # The directory names the streams; it lies anywhere in the file, in small ones near the start.
        streams = file.read(64 << 20)
    for stream, kind in (
        ("EncryptedPackage", FileKind("locked", _LOCKED)),
        ("WordDocument", FileKind("locked", _old("Word", "docx", path))),
        ("PowerPoint Document", FileKind("locked", _old("PowerPoint", "pptx", path))),
        ("__substg1.0", FileKind(*_BY_ENDING[".msg"])),
        ("Workbook", FileKind(*_BY_ENDING[".xls"])),
    ):
        if stream.encode("utf-16-le") in streams:
            return kind
    if name in (".xls", ".msg"):
        return FileKind(*_BY_ENDING[name])
    return FileKind("locked", f"an Office file of before 2007, or broken. {_CONVERT} {path}")


_CONVERT = "Convert it with LibreOffice, on a machine that has it: soffice --headless --convert-to pdf"
_LOCKED = (
    "an Office file that is encrypted with a password. With the password, msoffcrypto-tool decrypts it "
    "(install_package('msoffcrypto-tool')); otherwise ask for a copy that is not protected"
)


def _old(program: str, ending: str, path: str) -> str:
    return f"a {program} file of before 2007. {_CONVERT.replace('pdf', ending)} {path}"


def _office_kind(path: str, head: bytes) -> FileKind:
    """What a ZIP file without a telling name is."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as packed:
            names = set(packed.namelist())
    except zipfile.BadZipFile:
        return FileKind("archive", "ZIP archive")
    for member, ending in (
        ("xl/workbook.xml", ".xlsx"),
        ("word/document.xml", ".docx"),
        ("ppt/presentation.xml", ".pptx"),
    ):
        if member in names:
            return FileKind(*_BY_ENDING[ending])
    for kind, ending in (("spreadsheet", ".ods"), ("text", ".odt"), ("presentation", ".odp")):
        if f"application/vnd.oasis.opendocument.{kind}".encode() in head:
            return FileKind(*_BY_ENDING[ending])
    return FileKind("archive", "ZIP archive")


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Text of bytes in any encoding, and the encoding's name."""
    if encoding:
        return data.decode(encoding), encoding
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, errors="replace"), name
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    # A guess needs no more than a part; the end is cut at a line so that no character is torn.
    sample = data if len(data) < 1 << 20 else data[: data.rfind(b"\n", 0, 1 << 20) + 1 or 1 << 20]
    best = require("charset_normalizer").from_bytes(sample).best()
    name = best.encoding if best is not None else "latin-1"
    return data.decode(name, errors="replace"), name
