"""The statements of a session's steps, in the order in which they were run."""

import ast
import linecache
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from dynasaur_library.names import NameUse, name_use
from dynasaur_library.slicing import first_line, lines_of, statement_text

_DECLARATIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.Pass,
    ast.Raise,
)

_STEP = re.compile(r"<(?P<session>.*?)\s*step (?P<number>\d+)>")
_SHELL_LINE = re.compile(r"(?m)^([ \t]*)[!%].*$")

Order = tuple[int, int, int]
"""When a statement ran: number of its step, line, column."""

END: Order = (1 << 62, 0, 0)
"""After everything that ran: what a function sees when it is called."""


@dataclass(eq=False)
class Unit:
    """A statement at the top of a step, or one inside a compound statement there."""

    step: "Step"
    node: ast.stmt
    floor: int
    ceiling: int
    parent: "Unit | None" = None

    @property
    def order(self) -> Order:
        return (self.step.number, first_line(self.node), self.node.col_offset)

    @cached_property
    def text(self) -> str:
        """The exact source, with its comments and decorators, dedented."""
        return statement_text(self.step.lines, self.node, self.floor, self.ceiling)

    @cached_property
    def use(self) -> NameUse:
        return name_use([self.node], self.step.postponed)

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_plain_import(self) -> bool:
        """Whether it is `import a.b`, without a name of its own choice."""
        return isinstance(self.node, ast.Import) and not any(a.asname for a in self.node.names)

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef)

    @property
    def is_definition(self) -> bool:
        return self.is_function or isinstance(self.node, ast.ClassDef)

    @property
    def is_compound(self) -> bool:
        """Whether running it need not have bound the names that it may bind."""
        return not self.is_definition and bool(list(_bodies(self.node)))

    @cached_property
    def is_declarative(self) -> bool:
        """Whether it only declares, so that it can be repeated whole at import."""
        return _is_declarative(self.node)

    def contains(self, line: int) -> bool:
        return first_line(self.node) <= line <= (self.node.end_lineno or self.node.lineno)

    def contains_unit(self, other: "Unit | None") -> bool:
        """Whether `other` is this statement or stands inside it."""
        while other is not None and other is not self:
            other = other.parent
        return other is self


@dataclass(eq=False)
class Step:
    """One executed source."""

    number: int
    filename: str
    source: str
    tree: ast.Module
    units: list[Unit] = field(default_factory=list)

    @cached_property
    def lines(self) -> list[str]:
        return lines_of(self.source)

    @cached_property
    def future(self) -> list[str]:
        """The `__future__` features it asks for."""
        return [
            alias.name
            for node in self.tree.body
            if isinstance(node, ast.ImportFrom) and node.module == "__future__"
            for alias in node.names
        ]

    @property
    def postponed(self) -> bool:
        return "annotations" in self.future


def parsed_step(number: int, filename: str, source: str) -> Step | None:
    """A step from its source; None if that never compiled, so that nothing of it ran."""
    tree = _parsed(source)
    if tree is None:
        return None
    step = Step(number, filename, source, tree)
    step.units = list(_units(step, tree.body, 0, len(step.lines) + 1, None))
    return step


def is_step(filename: str) -> bool:
    """Whether code with this file name was run as a step of a session."""
    return _STEP.fullmatch(filename) is not None


def steps_of(filename: str) -> list[Step]:
    """All steps of the session that `filename` belongs to; the file alone if it is no step."""
    found = _STEP.fullmatch(filename)
    if not found:
        step = parsed_step(0, filename, "".join(linecache.getlines(filename)))
        return [step] if step else []
    steps = []
    for name in list(linecache.cache):
        other = _STEP.fullmatch(name)
        if other and other["session"] == found["session"]:
            source = "".join(linecache.getlines(name))
            step = parsed_step(int(other["number"]), name, source)
            if step:
                steps.append(step)
    return sorted(steps, key=lambda step: step.number)


def _parsed(source: str) -> ast.Module | None:
    for text in (source, _SHELL_LINE.sub(r"\1pass", source)):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError):
            continue
    return None


def _units(
    step: Step, body: list[ast.stmt], floor: int, ceiling: int, parent: Unit | None
) -> Iterator[Unit]:
    for index, node in enumerate(body):
        following = first_line(body[index + 1]) if index + 1 < len(body) else ceiling
        unit = Unit(step, node, floor, following, parent)
        yield unit
        floor = node.end_lineno or node.lineno
        if not unit.is_definition:
            for inner in _bodies(node):
                top = max(first_line(inner[0]) - 1, unit.node.lineno)
                header = _header_line(step, inner, top)
                yield from _units(step, inner, header, floor + 1, unit)


def _header_line(step: Step, body: list[ast.stmt], top: int) -> int:
    """The line above the comments that stand on top of `body`."""
    line = first_line(body[0]) - 1
    while line > 0 and step.lines[line - 1].lstrip().startswith("#"):
        line -= 1
    return min(line, top)


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The statement lists directly inside a compound statement."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            yield body
    for name in ("handlers", "cases"):
        for part in getattr(node, name, []):
            yield part.body


def _is_declarative(node: ast.stmt) -> bool:
    if isinstance(node, _DECLARATIONS):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If | ast.Try):
        return all(_is_declarative(child) for body in _bodies(node) for child in body)
    return False
