"""Data with structure: JSON, JSON-LD, XML."""

from typing import Any

def read_json(path: str) -> Any:
    """Read a JSON file, or a file of JSON lines as a list, whatever its encoding.

    Effects: reads the file.

    Example:
        >>> read_json("staff.json")["company"]
        'Norrvik Works'
    """

def read_json_ld(path: str) -> list[dict[str, Any]]:
    """Read a JSON-LD file as a flat list of nodes whose properties are lists, reverse ones resolved.

    Each node is a dict with `@id`, `@type` (a list) and its properties, each a list of plain values and
    of references `{"@id": …}`. Nested nodes become nodes of their own. A property that the context
    declares as the reverse of another is stored as that other one, at the node that has it. Names are
    kept as they stand in the file; contexts elsewhere are not fetched.

    Effects: reads the file.

    Example:
        >>> [node["name"] for node in read_json_ld("recipes.jsonld") if "Recipe" in node["@type"]]
        [['Fish chowder'], ['Oat bars']]
    """

def read_xml(path: str) -> dict[str, Any]:
    """Read an XML file as nested dicts: tag, attributes, text, children; namespaces left out of names.

    Effects: reads the file.

    Example:
        >>> read_xml("catalogue.xml")["tag"]
        'museum'
    """

def find_xml_elements(element: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    """Find all elements with a tag, at any depth, in what read_xml gave.

    Effects: none.

    Example:
        >>> [work["attributes"]["room"] for work in find_xml_elements(read_xml("catalogue.xml"), "work")]
        ['r2', 'r1']
    """
