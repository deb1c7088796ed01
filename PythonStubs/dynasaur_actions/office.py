"""Opening Office files, with errors that say what is wrong with them."""

import contextlib
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A few kilobytes can unpack to gigabytes.
MOST_UNPACKED = 1 << 30


class UnreadableFile(ValueError):
    """A file is broken, encrypted, or not what its name says."""


@contextlib.contextmanager
def opened(path: str, words: str) -> Iterator[BinaryIO]:
    """The open file, after its container was checked; what the reader raises is explained."""
    with open(path, "rb") as file:
        head = file.read(8)
        file.seek(0)
        if head.startswith(_OLE):
            raise UnreadableFile(
                f"{path} is encrypted with a password, or of a format before 2007: it cannot be read as "
                f"{words}"
            )
        try:
            with zipfile.ZipFile(file) as packed:
                size = sum(member.file_size for member in packed.infolist())
        except zipfile.BadZipFile as error:
            raise UnreadableFile(f"{path} is broken or is not {words}: {error}") from None
        if size > MOST_UNPACKED:
            raise UnreadableFile(f"{path} would unpack to {size:,} bytes, which is too much to read")
        file.seek(0)
        try:
            yield file
        except (KeyError, zipfile.BadZipFile, SyntaxError, AttributeError, TypeError) as error:
            raise UnreadableFile(
                f"{path} is broken or is not {words}: {type(error).__name__}: {error}"
            ) from error
        except ValueError as error:
            if isinstance(error, UnreadableFile):
                raise
            raise UnreadableFile(f"{path} is broken or is not {words}: {error}") from error
