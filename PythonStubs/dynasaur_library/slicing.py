"""Cut the exact text of a statement out of a source: comments, decorators and all."""

import ast
import io
import re
import tokenize

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def lines_of(source: str) -> list[str]:
    """Split as the parser does: a form feed or U+2028 inside a line does not end it."""
    return _LINE.findall(source)


def first_line(node: ast.stmt) -> int:
    """The line a definition's code object names as its first: that of its first decorator."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def statement_text(lines: list[str], node: ast.stmt, floor: int, ceiling: int) -> str:
    """The text of `node`, dedented, with the comments that belong to it.

    These are the comment lines right above it, those at the end of its last line, and those that
    close its body. `floor` is the last line of what stands before it, `ceiling` the first line of
    what follows; neither is ever taken.
    """
    start, end = first_line(node), node.end_lineno or node.lineno
    column = node.col_offset if start == node.lineno else _indentation(lines[start - 1])
    head = lines[start - 1].encode()[:column].decode()
    if head.strip():
        return _from_shared_line(lines, node, head)
    indentation = len(head)
    top = start
    while top - 1 > floor and _is_comment(lines[top - 2], indentation, indentation):
        top -= 1
    bottom = _end_of_body(lines, end, indentation, ceiling)
    kept = lines[top - 1 : bottom]
    if bottom == end:
        kept[-1] = _cut_tail(kept[-1], node.end_col_offset or 0)
    return dedented("".join(kept)).rstrip()


def dedented(text: str) -> str:
    """Remove the first line's indentation, but not inside a string that spans lines."""
    lines = lines_of(text)
    indentation = _indentation(lines[0]) if lines else 0
    if indentation == 0:
        return text
    protected = _inside_strings(lines, indentation)
    return "".join(
        line if number in protected else _strip_indentation(line, indentation)
        for number, line in enumerate(lines, start=1)
    )


def _from_shared_line(lines: list[str], node: ast.stmt, head: str) -> str:
    end = node.end_lineno or node.lineno
    kept = lines[node.lineno - 1 : end]
    kept[-1] = _cut_tail(kept[-1], node.end_col_offset or 0)
    kept[0] = kept[0][len(head) :]
    return "".join(kept).rstrip()


def _cut_tail(line: str, column: int) -> str:
    """Keep what follows the statement on its last line only if it is a comment."""
    encoded = line.encode()
    tail = encoded[column:].decode()
    return line if tail.strip().startswith("#") or not tail.strip() else encoded[:column].decode()


def _end_of_body(lines: list[str], end: int, indentation: int, ceiling: int) -> int:
    """The last line of the comments that close a body: they stand deeper than its header."""
    bottom = end
    for number in range(end + 1, ceiling):
        line = lines[number - 1] if number <= len(lines) else ""
        if _is_comment(line, indentation + 1, None):
            bottom = number
        elif line.strip():
            break
    return bottom


def _is_comment(line: str, least: int, most: int | None) -> bool:
    if not line.lstrip().startswith("#"):
        return False
    indentation = _indentation(line)
    return indentation >= least and (most is None or indentation <= most)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t\f"))


def _strip_indentation(line: str, indentation: int) -> str:
    return line[min(indentation, _indentation(line)) :]


def _inside_strings(lines: list[str], indentation: int) -> set[int]:
    """Numbers of the lines that begin inside a string literal."""
    wrapped = "if 1:\n" + "".join(lines)
    inside: set[int] = set()
    opened: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(wrapped).readline):
            name = tokenize.tok_name[token.type]
            if name.endswith("STRING_START"):
                opened.append(token.start[0])
            elif name.endswith("STRING_END"):
                inside.update(range(opened.pop() + 1, token.end[0] + 1))
            elif token.type == tokenize.STRING:
                inside.update(range(token.start[0] + 1, token.end[0] + 1))
    except (tokenize.TokenError, IndentationError):
        pass
    return {number - 1 for number in inside}
