"""Packages that code asks for."""

def install_package(*requirements: str) -> str:
    """Install Python packages, such as 'openpyxl>=3', so that they can be imported.

    Wheels only, into a folder of the session, which ends with it. Returns what was installed.

    Effects: the host fetches the packages; writes the folder.

    Example:
        >>> install_package("networkx")
        'Installed networkx 3.6.1.'
    """
