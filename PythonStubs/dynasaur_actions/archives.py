"""Archives (zip, tar) and compressed files, also inside of each other."""

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from dynasaur_actions.files import check_file, kind_of
from dynasaur_actions.office import UnreadableFile

MOST_MEMBERS = 10_000
MOST_BYTES = 1 << 30
DEEPEST = 5

_UNPACKED = "(not unpacked here: extract_archive(path) does, with password=... if it is encrypted)"
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, lzma.LZMAError, zlib.error)


class _Member(NamedTuple):
    path: str
    size: int
    is_encrypted: bool
    open: Callable[[], Any]


def list_archive(path: str, password: str | None = None) -> list[dict[str, Any]]:
    """List the files in an archive (zip, tar, gz …): path, size, whether encrypted."""
    return [
        {"path": member.path, "size": member.size, "encrypted": member.is_encrypted}
        for member in _members(check_file(path), password)
    ]


def extract_archive(path: str, folder: str | None = None, password: str | None = None) -> list[str]:
    """Unpack an archive (zip, tar, gz …), archives in it too; the paths of all files."""
    path = check_file(path)
    target = folder or os.path.splitext(os.path.basename(path))[0] + "-contents"
    if os.path.exists(target) and not os.path.isdir(target):
        raise FileExistsError(f"{target} is a file: give another folder")
    left = [MOST_BYTES]
    return sorted(_extract(path, target, password, left, depth=1))


def archive_text(path: str, read: Callable[[str], str]) -> str:
    """What lies in the archive, and the text of each file, read by `read`."""
    import tempfile

    listed = list_archive(path)
    lines = [f"{m['path']} ({m['size']:,} bytes{', encrypted' if m['encrypted'] else ''})" for m in listed]
    parts = ["\n".join(lines) or "(empty)"]
    if any(member["encrypted"] for member in listed):
        return parts[0] + "\n\nEncrypted: extract_archive(path, password=...) with its password."
    with tempfile.TemporaryDirectory() as folder:
        for file in extract_archive(path, folder)[:200]:
            name = os.path.relpath(file, folder)
            try:
                if kind_of(file).name == "archive":
                    # Its files are here too, unless archives lie in archives too deep.
                    inner = os.path.isdir(os.path.splitext(file)[0] + "-contents")
                    text = "(its files follow)" if inner else _UNPACKED
                else:
                    text = read(file)
            except (ValueError, OSError, ImportError) as error:
                text = f"({error})"
            parts.append(f"# {name}\n{text.replace(folder + os.sep, '')}")
    return "\n\n".join(parts)


def _extract(path: str, target: str, password: str | None, left: list[int], depth: int) -> list[str]:
    root = os.path.realpath(target)
    found = []
    for member in _members(path, password):
        place = os.path.realpath(os.path.join(root, member.path.lstrip("/")))
        if os.path.commonpath([root, place]) != root:
            raise UnreadableFile(f"{path} holds {member.path!r}, which would lie outside of the folder")
        os.makedirs(os.path.dirname(place), exist_ok=True)
        _copy(path, member, place, left)
        shown = os.path.join(target, os.path.relpath(place, root))
        found.append(shown)
        if depth < DEEPEST and kind_of(place).name == "archive":
            inner = os.path.splitext(shown)[0] + "-contents"
            try:
                found += _extract(place, inner, password, left, depth + 1)
            except UnreadableFile:  # It stays as the file that it is.
                shutil.rmtree(inner, ignore_errors=True)
    return found


def _copy(path: str, member: _Member, place: str, left: list[int]) -> None:
    try:
        with member.open() as source, open(place, "wb") as file:
            while block := source.read(1 << 20):
                left[0] -= len(block)
                if left[0] < 0:
                    raise UnreadableFile(f"{path} unpacks to more than {MOST_BYTES:,} bytes: stopped")
                file.write(block)
    except RuntimeError as error:  # zipfile's word for passwords.
        raise UnreadableFile(f"{member.path} in {path} is encrypted: {error}") from None
    except NotImplementedError as error:
        raise UnreadableFile(
            f"{member.path} in {path} cannot be unpacked: {error}. For AES encryption "
            "install_package('pyzipper'), whose AESZipFile reads it"
        ) from None
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:  # Of the disk, not of the archive.
            raise
        raise UnreadableFile(f"{path} is broken at {member.path}: {error}") from None


def _members(path: str, password: str | None) -> list[_Member]:
    try:
        members: list[_Member] = []
        for member in _read_members(path, password):
            if len(members) == MOST_MEMBERS:
                raise UnreadableFile(f"{path} holds more than {MOST_MEMBERS:,} files")
            members.append(member)
        return members
    except _BROKEN as error:
        raise UnreadableFile(f"{path} is broken or is no archive: {error}") from None


def _read_members(path: str, password: str | None) -> Iterator[_Member]:
    if zipfile.is_zipfile(path):
        packed = zipfile.ZipFile(path)
        secret = password.encode() if password else None
        for item in packed.infolist():
            if not item.is_dir():
                yield _Member(
                    item.filename,
                    item.file_size,
                    bool(item.flag_bits & 1),
                    partial(packed.open, item, pwd=secret),
                )
        return
    if tarfile.is_tarfile(path):
        archive = tarfile.open(path)
        is_empty = True
        for entry in archive:
            is_empty = False
            if entry.isfile():  # Links and devices are not files to read.
                yield _Member(entry.name, entry.size, False, partial(archive.extractfile, entry))
        # A compressed file of zeros looks like an archive without files.
        if not is_empty or ".tar" in path.lower() or path.lower().endswith(".tgz"):
            return
    yield _compressed(path)


def _compressed(path: str) -> _Member:
    """The one file in a compressed file that is no archive."""
    with open(path, "rb") as file:
        head = file.read(6)
    openers: tuple[tuple[bytes, Callable[..., Any]], ...] = (
        (b"\x1f\x8b", gzip.open),
        (b"BZh", bz2.open),
        (b"\xfd7zXZ", lzma.open),
    )
    for start, opener in openers:
        if head.startswith(start):
            name = os.path.splitext(os.path.basename(path))[0]
            return _Member(name, -1, False, partial(opener, path, "rb"))
    if head.startswith(b"PK"):
        raise UnreadableFile(f"{path} is a ZIP archive that is broken or cut off: get it again")
    raise UnreadableFile(
        f"{path} is empty, or no archive that can be unpacked here (zip, tar, gz, bz2, xz)"
        + (". install_package('py7zr') reads 7z archives" if head.startswith(b"7z\xbc\xaf") else "")
    )
