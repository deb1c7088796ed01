"""Structures of proteins."""

from typing import Any

from dynasaur_actions.office import UnreadableFile
from dynasaur_actions.text_files import read_text_file


def read_pdb_atoms(path: str) -> list[dict[str, Any]]:
    """Read the atoms of a PDB file: name, element, residue, chain, coordinates in ångström, model."""
    atoms = []
    model = 1
    for number, line in enumerate(read_text_file(path).splitlines(), 1):
        record = line[:6].strip()
        if record == "MODEL":
            model = int(line[6:].split()[0]) if line[6:].split() else model + 1
        if record not in ("ATOM", "HETATM"):
            continue
        try:
            atoms.append(_atom(line.ljust(80), record == "HETATM", model))
        except ValueError as error:
            raise UnreadableFile(f"line {number} of {path} is no atom of a PDB file: {error}") from None
    if not atoms:
        raise UnreadableFile(f"{path} has no ATOM lines: it is not a PDB file, or it is mmCIF")
    return atoms


def _atom(line: str, hetero: bool, model: int) -> dict[str, Any]:
    # The columns of the wwPDB format, version 3.3: https://www.wwpdb.org/documentation/file-format
    name = line[12:16]
    return {
        "serial": line[6:11].strip(),
        "name": name.strip(),
        "element": line[76:78].strip().upper() or _element(name),
        "alternate": line[16].strip(),
        "residue": line[17:20].strip(),
        "chain": line[21].strip(),
        "number": int(line[22:26]),
        "insertion": line[26].strip(),
        "x": float(line[30:38]),
        "y": float(line[38:46]),
        "z": float(line[46:54]),
        "occupancy": float(line[54:60]) if line[54:60].strip() else 1.0,
        "hetero": hetero,
        "model": model,
    }


def _element(name: str) -> str:
    """The element of an atom whose line does not name it: it stands right-justified in two columns."""
    letters = name[:2].strip().lstrip("0123456789")
    return (letters if name[0].isalpha() and not name[2:].strip().isalpha() else letters[:1]).upper()
