"""Structures of proteins."""

from typing import Any

def read_pdb_atoms(path: str) -> list[dict[str, Any]]:
    """Read the atoms of a PDB file: name, element, residue, chain, coordinates in ångström, model.

    Each is a dict with `serial`, `name` ('CA'), `element` ('C', 'H'), `alternate` (the letter of an
    alternate location, or ''), `residue` ('ALA', 'HOH' for water), `chain`, `number` and `insertion`
    of the residue, `x`, `y`, `z`, `occupancy`, `hetero` (a HETATM line) and `model`.

    Effects: reads the file.

    Example:
        >>> sorted({atom["chain"] for atom in read_pdb_atoms("model.pdb")})
        ['A', 'B', 'L']
    """
