"""McCabe's cyclomatic complexity, counted as radon counts it."""

import ast

_BRANCHES = ast.If | ast.IfExp | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.Assert


def complexity_of(node: ast.AST) -> int:
    """One, and one more for every place where control may take another way."""
    return 1 + sum(_decisions(child) for child in ast.walk(node))


def _decisions(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.match_case):
        return 0 if _is_wildcard(node.pattern) else 1
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        return 1 + bool(node.orelse)
    if isinstance(node, ast.Try):
        return bool(node.orelse)
    return int(isinstance(node, _BRANCHES))


def _is_wildcard(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None
