# Residues of a chain near a ligand.
from math import dist

atoms = [
    atom for atom in read_pdb_atoms(path) if atom["element"] not in ("H", "D") and atom["alternate"] in ("", "A")
]
ligand = [(a["x"], a["y"], a["z"]) for a in atoms if a["residue"] == "LIG"]
near = {
    (a["number"], a["insertion"])
    for a in atoms
    if a["chain"] == "B" and a["residue"] not in ("HOH", "LIG")
    and any(dist((a["x"], a["y"], a["z"]), place) <= 4.5 for place in ligand)
}
submit_final_answer(len(near))
