"""Hashes by which two versions of a function are the same, or nearly the same."""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable, Iterator

from dynasaur_library.slicing import first_line, lines_of

_IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
_LAYOUT = {tokenize.NEWLINE: "\n", tokenize.INDENT: "\t>", tokenize.DEDENT: "\t<"}


def content_hash(name: str, source: str, dependencies: Iterable[tuple[str, str]]) -> str:
    """The hash of an action: of its tokens without comments and layout, and of what it calls.

    The order of its statements does not count, because the order in which a session happened to
    define them does not either. `dependencies` pairs the names it uses with hashes.
    """
    parts = sorted(_digest("\0".join(unit).encode()) for unit in _statements(source))
    lines = [f"name {name}", *parts, *(f"uses {n} {h}" for n, h in sorted(dependencies))]
    return _digest("\n".join(lines).encode())


def shape_hash(name: str, source: str) -> str:
    """A hash that ignores docstrings, annotations and the names a person may choose freely.

    Two functions of equal shape do the same under other names.
    """
    tree = _Shape(name).visit(ast.parse(source))
    return _digest(ast.dump(tree, annotate_fields=False).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _statements(source: str) -> Iterator[list[str]]:
    """The tokens of each statement at the top of a module."""
    lines = lines_of(source)
    for node in ast.parse(source).body:
        text = lines[first_line(node) - 1 : node.end_lineno]
        text[-1] = text[-1].encode()[: node.end_col_offset].decode()
        if first_line(node) == node.lineno:
            text[0] = text[0].encode()[node.col_offset :].decode()
        yield list(_tokens("".join(text)))


def _tokens(source: str) -> Iterator[str]:
    """The texts of the tokens, equal on every Python version.

    From 3.12 on an f-string is several tokens; here it is one, as it was before.
    """
    lines = source.splitlines(keepends=True)
    depth, start = 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            depth += 1
            if depth == 1:
                start = token.start
        elif kind.endswith("STRING_END"):
            depth -= 1
            if depth == 0:
                yield _between(lines, start, token.end)
        elif depth == 0 and token.type not in _IGNORED:
            yield _LAYOUT.get(token.type, token.string)


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    middle = lines[start[0] : end[0] - 1]
    return "".join([lines[start[0] - 1][start[1] :], *middle, lines[end[0] - 1][: end[1]]])


class _Shape(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self.names: dict[str, str] = {}
        self._number(name)

    def _number(self, name: str) -> str:
        return self.names.setdefault(name, f"n{len(self.names)}")

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        node.name = self._number(node.name)
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        self._definition(node)
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        self._definition(node)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._definition(node)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(arg=self._number(node.arg))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Store) or node.id in self.names:
            node.id = self._number(node.id)
        return node
