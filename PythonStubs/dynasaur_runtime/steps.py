"""Compiling a step: its body, and the expression it ends with."""

import ast
import re
from collections.abc import Callable
from types import CodeType

# Steps may use `await` at the top level, as in a notebook.
_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

# The last line of a step that surely ends with an assignment or an import, where no value is shown
# and the cost of an AST (several times that of compiling) is saved. Whatever could be the inside of
# a longer statement (brackets, a backslash, a triple quote) is left to the AST.
_NO_VALUE = (
    r"(?:[A-Za-z_]\w*[ \t]*(?:[-+*/%&|^]|//|\*\*|>>|<<)?=(?!=)[^;\\\n\r]*"
    r"|(?:import|from|pass|del|assert)\b[^;\\\n\r]*)\n?\Z"
)
_ONE_LINE = re.compile(_NO_VALUE)
_LAST_LINE = re.compile(r"(?<!\\\n)^" + _NO_VALUE, re.MULTILINE)
_TRIPLE_QUOTE = re.compile(r'"""|' + r"'''")


def _surely_ends_without_value(source: str) -> bool:
    if _ONE_LINE.match(source):
        return True  # A whole step on one line: nothing can be open around it.
    source = source.rstrip()
    last = _LAST_LINE.search(source)
    if last is None or _TRIPLE_QUOTE.search(source):
        return False
    line = last.group()
    return line.count("(") + line.count("[") + line.count("{") == (
        line.count(")") + line.count("]") + line.count("}")
    )


def compile_step(
    source: str, filename: str, transform: Callable[[ast.Module], ast.Module] | None
) -> tuple[CodeType | None, CodeType | None]:
    """(statements, final expression), either of which may be missing.

    Raises what `compile` raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    if transform is None and _surely_ends_without_value(source):
        return compile(source, filename, "exec", _FLAGS, True), None
    tree = compile(source, filename, "exec", _FLAGS | ast.PyCF_ONLY_AST, True)
    if transform is not None:
        tree = transform(tree)
    value = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not _is_silenced(source):
        value = ast.Expression(tree.body.pop().value)
    body = compile(tree, filename, "exec", _FLAGS, True) if tree.body else None
    return body, compile(value, filename, "eval", _FLAGS, True) if value else None


def _is_silenced(source: str) -> bool:
    """A final semicolon keeps the value from being shown, as in a notebook."""
    return source.rstrip().endswith(";")
