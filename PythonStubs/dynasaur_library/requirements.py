"""The distributions that a source imports from, with the versions that are installed."""

import ast
import functools
import importlib.metadata
import sys


def requirements_of(source: str) -> dict[str, str]:
    """`{distribution: version}` of every import in `source`, also of those inside functions."""
    known = _distributions(tuple(sys.path))
    found: dict[str, str] = {}
    for module in sorted(imported_modules(source)):
        for distribution in known.get(module, []):
            try:
                found[distribution] = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                continue
    return found


def imported_modules(source: str) -> set[str]:
    """The top names of the modules imported, those of the standard library left out."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names


@functools.lru_cache(maxsize=4)
def _distributions(path: tuple[str, ...]) -> dict[str, list[str]]:
    """Module name to distributions; the search path is the key because it may grow."""
    del path
    found = importlib.metadata.packages_distributions()
    return {module: sorted(set(names)) for module, names in found.items()}
