"""Opening Office files, with errors that say what is wrong with them."""

import contextlib
import os
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from dynasaur_actions.files import OLE, ole_kind

# A few kilobytes can unpack to gigabytes.
MOST_UNPACKED = 1 << 30


class UnreadableFile(ValueError):
    """A file is broken, encrypted, or not what its name says."""


@contextlib.contextmanager
def opened(path: str, words: str) -> Iterator[BinaryIO]:
    """The open file, after its container was checked; what the reader raises is explained."""
    if os.path.getsize(path) == 0:
        raise UnreadableFile(f"{path} is empty: get it again")
    with open(path, "rb") as file:
        head = file.read(8)
        file.seek(0)
        if head.startswith(OLE):
            raise UnreadableFile(f"{path} cannot be read as {words}: it is {ole_kind(path).words}")
        try:
            with zipfile.ZipFile(file) as packed:
                size = sum(member.file_size for member in packed.infolist())
        except zipfile.BadZipFile as error:
            raise UnreadableFile(f"{path} is broken or is not {words}: {error}") from None
        if size > MOST_UNPACKED:
            raise UnreadableFile(f"{path} would unpack to {size:,} bytes, which is too much to read")
        file.seek(0)
        with explained(path, words):
            yield file


@contextlib.contextmanager
def explained(path: str, words: str) -> Iterator[None]:
    """Explain what a library raises that reads a file: they raise anything where a file is broken."""
    try:
        yield
    except (UnreadableFile, ImportError):
        raise
    except MemoryError:
        raise UnreadableFile(
            f"{path} needs more memory than this session has: read it in parts, with the library itself"
        ) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # Of the system, not of the file.
            raise
        reason = str(error) or "no reason is given"
        raise UnreadableFile(
            f"{path} is broken or is not {words}: {type(error).__name__}: {reason}"
        ) from error
