"""Which names of the module a piece of code binds, reads and changes, and when it reads them."""

import ast
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

_MUTATORS = frozenset(
    "add append appendleft clear difference_update discard extend extendleft insert "
    "intersection_update move_to_end pop popitem popleft remove reverse rotate setdefault sort "
    "subtract symmetric_difference_update update".split()
)


@dataclass
class NameUse:
    """How code uses the names of its module.

    `eager` names are read while the code is executed, `lazy` ones when a function it defines is
    called. `hints` occur only where Python need not look them up (postponed annotations, names a
    class body binds itself), so that a missing one is no error.
    """

    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    eager: set[str] = field(default_factory=set)
    lazy: set[str] = field(default_factory=set)
    hints: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    """Names that the functions it defines rebind or change when they are called."""
    assigns: set[str] = field(default_factory=set)
    """Those that they rebind (`global`)."""
    methods: set[str] = field(default_factory=set)
    """Names on which any method is called in a statement of its own, at execution."""


def name_use(statements: Iterable[ast.stmt], postponed: bool = False) -> NameUse:
    """Analyse statements that stand at the top of a module."""
    scope = _Scope("module", postponed)
    for statement in statements:
        scope.visit(statement)
    return NameUse(
        binds=scope.bound,
        changes=scope.changed,
        eager=scope.reads,
        lazy=scope.lazy,
        hints=scope.hints - scope.reads - scope.lazy,
        writes=scope.writes,
        assigns=scope.assigns,
        methods=scope.methods,
    )


def root_name(node: ast.AST) -> str | None:
    """`a` for `a.b[0].c`, None where the chain does not start at a name."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


class _Scope(ast.NodeVisitor):
    """One scope. Nested scopes pass up what they do not bind themselves."""

    def __init__(self, kind: str, postponed: bool) -> None:
        self.kind = kind
        self.postponed = postponed
        self.bound: set[str] = set()
        self.reads: set[str] = set()
        self.lazy: set[str] = set()
        self.hints: set[str] = set()
        self.changed: set[str] = set()
        self.methods: set[str] = set()
        self.writes: set[str] = set()
        self.assigns: set[str] = set()
        self.declared_global: set[str] = set()
        self.declared_nonlocal: set[str] = set()

    # Names

    def visit_Name(self, node: ast.Name) -> None:
        (self.reads if isinstance(node.ctx, ast.Load) else self.bound).add(node.id)

    def visit_Global(self, node: ast.Global) -> None:
        self.declared_global.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.declared_nonlocal.update(node.names)

    def visit_Import(self, node: ast.Import) -> None:
        self.bound.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.bound.update(alias.asname or alias.name for alias in node.names)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bound.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.bound.add(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bound.add(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bound.add(node.rest)
        self.generic_visit(node)

    # Changes in place

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._change(node, node.ctx)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._change(node, node.ctx)
        self.visit(node.value)
        self.visit(node.slice)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.reads.add(node.target.id)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            root = root_name(call.func)
            if root and self.kind == "module":
                self.methods.add(root)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
            root = root_name(node.func)
            if root:
                self.changed.add(root)
        self.generic_visit(node)

    def _change(self, node: ast.expr, context: ast.expr_context) -> None:
        root = root_name(node)
        if root and not isinstance(context, ast.Load):
            self.changed.add(root)

    # Annotations

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation, evaluated=self.kind in ("module", "class"))
        if node.value is not None:
            self.visit(node.value)
        if node.value is not None or self.kind == "function":
            self.visit(node.target)
        elif not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def _annotation(
        self,
        node: ast.expr | None,
        evaluated: bool = True,
        own: AbstractSet[str] = frozenset(),
    ) -> None:
        if node is None:
            return
        inner = _Scope(self.kind, self.postponed)
        inner.visit(node)
        found = (inner.reads | inner.lazy) - own
        self.hints.update(quoted_names(node) - own)
        (self.reads if evaluated and not self.postponed else self.hints).update(found)

    # Nested scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bound.add(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            root = root_name(target)
            if root and isinstance(target, ast.Attribute):
                # `@area.register` changes `area`.
                self.changed.add(root)
        parameters = _type_parameters(node)
        arguments = node.args
        self._defaults(arguments)
        for argument in _arguments(arguments):
            self._annotation(argument.annotation, own=parameters)
        self._annotation(node.returns, own=parameters)
        inner = _Scope("function", self.postponed)
        inner.bound.update(argument.arg for argument in _arguments(arguments))
        inner.bound.update(parameters)
        for statement in node.body:
            inner.visit(statement)
        self._absorb_function(inner)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)
        inner = _Scope("function", self.postponed)
        inner.bound.update(argument.arg for argument in _arguments(node.args))
        inner.visit(node.body)
        self._absorb_function(inner)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bound.add(node.name)
        parameters = _type_parameters(node)
        outer = _Scope(self.kind, self.postponed)
        for child in [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]:
            outer.visit(child)
        inner = _Scope("class", self.postponed)
        for statement in node.body:
            inner.visit(statement)
        for scope, own in ((outer, parameters), (inner, parameters | inner.bound)):
            self.reads |= scope.reads - own
            self.hints |= scope.hints - parameters
            self.lazy |= scope.lazy - parameters
            self.writes |= scope.writes
            self.assigns |= scope.assigns
            self.changed |= scope.changed - own
        # `size = size` in a class body reads the module's name.
        self.hints |= inner.reads & inner.bound
        # A class's own names do not hide the module's from its methods.

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._comprehension(node.generators, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node.generators, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node.generators, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def visit_TypeAlias(self, node: Any) -> None:
        parameters = _type_parameters(node)
        inner = _Scope("function", self.postponed)
        inner.visit(node.value)
        self.lazy |= inner.reads - parameters
        self.bound.add(node.name.id)

    def _comprehension(self, generators: list[ast.comprehension], results: list[ast.expr]) -> None:
        self.visit(generators[0].iter)
        inner = _Scope("comprehension", self.postponed)
        for number, generator in enumerate(generators):
            inner.visit(generator.target)
            if number:
                inner.visit(generator.iter)
            for condition in generator.ifs:
                inner.visit(condition)
        for result in results:
            inner.visit(result)
        # A walrus inside a comprehension binds in the scope around it.
        walrus = {
            child.target.id
            for part in [*results, *(c for g in generators for c in g.ifs)]
            for child in ast.walk(part)
            if isinstance(child, ast.NamedExpr)
        }
        own = inner.bound - walrus
        self.bound |= walrus
        self.reads |= inner.reads - own - walrus
        self.lazy |= inner.lazy - own
        self.hints |= inner.hints
        self.changed |= inner.changed - own
        self.writes |= inner.writes
        self.assigns |= inner.assigns

    def _defaults(self, arguments: ast.arguments) -> None:
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                self.visit(default)

    def _absorb_function(self, inner: "_Scope") -> None:
        own = inner.bound - inner.declared_global - inner.declared_nonlocal
        self.lazy |= (inner.reads | inner.lazy) - own
        self.hints |= inner.hints - own
        assigned = inner.bound & inner.declared_global
        self.assigns |= inner.assigns | assigned
        self.writes |= inner.writes | assigned | (inner.changed - own)


def quoted_names(annotation: ast.AST) -> set[str]:
    """Names inside the quoted parts of an annotation; a `Literal`'s strings are not names."""
    names: set[str] = set()
    for node in _outside_literal(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                parsed = ast.parse(node.value.strip(), mode="eval")
            except SyntaxError:
                continue
            names |= {child.id for child in ast.walk(parsed) if isinstance(child, ast.Name)}
    return names


def _outside_literal(node: ast.AST) -> Iterable[ast.AST]:
    yield node
    if isinstance(node, ast.Subscript):
        target = node.value
        name = target.attr if isinstance(target, ast.Attribute) else root_name(target)
        if name == "Literal":
            return
    for child in ast.iter_child_nodes(node):
        yield from _outside_literal(child)


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    variadic = [arguments.vararg, arguments.kwarg]
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [*named, *(argument for argument in variadic if argument is not None)]


def _type_parameters(node: ast.AST) -> set[str]:
    return {parameter.name for parameter in getattr(node, "type_params", [])}
