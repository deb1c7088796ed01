"""Data with structure: JSON, JSON-LD, XML."""

import json
from typing import Any

from dynasaur_actions.files import check_file
from dynasaur_actions.office import UnreadableFile
from dynasaur_actions.packages import require
from dynasaur_actions.text_files import read_text_file


def read_json(path: str) -> Any:
    """Read a JSON file, or a file of JSON lines as a list, whatever its encoding."""
    text = read_text_file(path).lstrip("\ufeff")
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines and not path.endswith((".jsonl", ".ndjson")):
        raise UnreadableFile(f"{path} is empty: it holds no JSON")
    try:
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            try:
                return [json.loads(line) for line in lines]
            except json.JSONDecodeError:
                raise UnreadableFile(f"{path} is not JSON: {error}") from None
    except RecursionError:
        raise UnreadableFile(f"{path} is nested too deeply to be read as JSON") from None
    except UnreadableFile:
        raise
    except ValueError as error:  # A number of more digits than Python converts.
        raise UnreadableFile(f"{path} cannot be read as JSON: {error}") from None


def read_json_ld(path: str) -> list[dict[str, Any]]:
    """Read a JSON-LD file as a flat list of nodes whose properties are lists, reverse ones resolved."""
    document = read_json(path)
    nodes: dict[str, dict[str, Any]] = {}
    _Flattener(nodes).read(document, {})
    return list(nodes.values())


def read_xml(path: str) -> dict[str, Any]:
    """Read an XML file as nested dicts: tag, attributes, text, children; namespaces left out of names."""
    from pyexpat import version_info

    parser = require("defusedxml.ElementTree")
    # Entities of the file itself are text; since 2.4.1 expat stops those that make gigabytes of it.
    refuses_entities = version_info < (2, 4, 1)
    try:
        return _element(parser.parse(check_file(path), forbid_entities=refuses_entities).getroot())
    except parser.ParseError as error:
        raise UnreadableFile(f"{path} is not well-formed XML: {error}") from None
    except LookupError as error:
        raise UnreadableFile(
            f"{path} names an encoding that is not known ({error}): read_text_file(path, encoding=...)"
        ) from None
    except require("defusedxml").DefusedXmlException as error:
        raise UnreadableFile(f"{path} declares entities that are not read: {error}") from None


def find_xml_elements(element: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    """Find all elements with a tag, at any depth, in what read_xml gave."""
    found, waiting = [], [element]
    while waiting:
        current = waiting.pop()
        if current["tag"] == tag:
            found.append(current)
        waiting += reversed(current["children"])
    return found


def _element(node: Any) -> dict[str, Any]:
    # By a list instead of calls: a file may be nested deeper than Python's stack allows.
    root: dict[str, Any] = {}
    waiting = [(node, root)]
    while waiting:
        source, element = waiting.pop()
        children: list[dict[str, Any]] = []
        element["tag"] = _local(source.tag)
        element["attributes"] = {_local(name): value for name, value in source.attrib.items()}
        element["text"] = "".join([source.text or "", *(child.tail or "" for child in source)]).strip()
        element["children"] = children
        for child in source:
            if isinstance(child.tag, str):  # Comments and instructions are no elements.
                children.append({})
                waiting.append((child, children[-1]))
    return root


def _local(name: str) -> str:
    return name.rpartition("}")[2]


class _Flattener:
    """Gathers what is said of each node, wherever it stands in the document."""

    def __init__(self, nodes: dict[str, dict[str, Any]]) -> None:
        self.nodes = nodes

    def read(self, value: Any, context: dict[str, Any]) -> Any:
        """What stands for `value` in a property: a reference `{"@id"}` for a node."""
        if isinstance(value, list):
            return [self.read(item, context) for item in value]
        if not isinstance(value, dict):
            return value
        if "@value" in value:
            return value["@value"]
        for keyword in ("@list", "@set"):
            if keyword in value:
                return self.read(value[keyword], context)
        context = {**context, **_terms(value.get("@context"))}
        if set(value) <= {"@context", "@graph"}:
            return self.read(value.get("@graph", []), context)
        return self._node(value, context)

    def _node(self, value: dict[str, Any], context: dict[str, Any]) -> dict[str, str]:
        aliases = {name: term for name, term in context.items() if isinstance(term, str) and term[:1] == "@"}
        members = {aliases.get(name, name): item for name, item in value.items()}
        name = str(members.get("@id") or f"_:n{len(self.nodes)}")
        node = self._node_named(name)
        for kind in _listed(members.get("@type")):
            if kind not in node["@type"]:
                node["@type"].append(kind)
        for key, item in members.items():
            if key in ("@id", "@type", "@context"):
                continue
            if key == "@graph":
                self.read(item, context)
            elif key == "@reverse":
                for term, subjects in item.items():
                    self._reverse(name, term, subjects, context)
            elif key[:1] != "@":
                term = context.get(key)
                backwards = term.get("@reverse") if isinstance(term, dict) else None
                if backwards:
                    self._reverse(name, backwards, item, context)
                else:
                    self._add(node, key, item, term, context)
        return {"@id": name}

    def _reverse(self, name: str, key: str, subjects: Any, context: dict[str, Any]) -> None:
        """`subjects` have the property `key` whose value is the node `name`."""
        for subject in _listed(subjects):
            found = self.read({"@id": subject} if isinstance(subject, str) else subject, context)
            values = self._node_named(found["@id"]).setdefault(key, [])
            if {"@id": name} not in values:
                values.append({"@id": name})

    def _add(
        self, node: dict[str, Any], key: str, item: Any, term: Any, context: dict[str, Any]
    ) -> None:
        refers = isinstance(term, dict) and term.get("@type") == "@id"
        values = node.setdefault(key, [])
        for one in _listed(item):
            if refers and isinstance(one, str):
                one = {"@id": one}
            found = self.read(one, context)
            values += [v for v in _listed(found) if not (isinstance(v, dict) and v in values)]

    def _node_named(self, name: str) -> dict[str, Any]:
        return self.nodes.setdefault(name, {"@id": name, "@type": []})


def _terms(context: Any) -> dict[str, Any]:
    """Terms that a context defines itself; what it refers to elsewhere is not fetched."""
    if isinstance(context, list):
        return {key: term for part in context for key, term in _terms(part).items()}
    return context if isinstance(context, dict) else {}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
