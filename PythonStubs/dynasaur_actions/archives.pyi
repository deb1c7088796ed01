"""Archives (zip, tar) and compressed files, also inside of each other."""

from typing import Any

def list_archive(path: str, password: str | None = None) -> list[dict[str, Any]]:
    """List the files in an archive (zip, tar, gz …): path, size, whether encrypted.

    Each is a dict with `path`, `size` in bytes (-1 where it is not stored) and `encrypted`.

    Effects: reads the file.

    Example:
        >>> [file["path"] for file in list_archive("sales.zip")]
        ['README.txt', 'data/orders.csv']
    """

def extract_archive(path: str, folder: str | None = None, password: str | None = None) -> list[str]:
    """Unpack an archive (zip, tar, gz …), archives in it too; the paths of all files.

    The files go into `folder`, otherwise into one named like the archive with '-contents'; an archive
    inside stays as it is and is unpacked beside itself in the same way. Files that would lie outside
    of the folder, and archives that unpack to more than 1 GiB, are refused.

    Effects: reads the archive, writes the files.

    Example:
        >>> extract_archive("sales.zip")
        ['sales-contents/README.txt', 'sales-contents/data/orders.csv']
    """
