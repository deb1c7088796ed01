"""Python functions that Swift implements."""

import ast
import importlib
import inspect
import linecache
from collections.abc import Callable

# What type hints may name: Swift's types for these, and the schemas of tools.
_HINTS = {
    "datetime": ["datetime", "timedelta"],
    "decimal": ["Decimal"],
    "typing": ["Any", "Literal"],
    "uuid": ["UUID"],
}


def parameter_names(signature: str) -> list[str]:
    """The names that `signature` binds, in order. Raises SyntaxError."""
    tree = ast.parse(f"def function{signature}: pass")
    function = tree.body[0]
    if len(tree.body) != 1 or not isinstance(function, ast.FunctionDef):
        raise SyntaxError(f"not a signature: {signature!r}")
    arguments = function.args
    names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    if arguments.vararg:
        names.append(arguments.vararg.arg)
    names += [argument.arg for argument in arguments.kwonlyargs]
    if arguments.kwarg:
        names.append(arguments.kwarg.arg)
    return names


def make_function(name: str, signature: str, documentation: str, call: Callable) -> Callable:
    """A function with the given signature and docstring that passes its bound arguments to `call`.

    A real function, so that `inspect`, `help` and tracebacks show what they show of any other.
    """
    if not name.isidentifier():
        raise SyntaxError(f"not a function name: {name!r}")
    filename = f"<swift function {name}>"
    names = ", ".join(parameter_names(signature))
    source = f"def {name}{signature}:\n    {documentation!r}\n    return __swift__({names})\n"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    namespace = {"__name__": "swift", "__swift__": call, **_hints(source)}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    return namespace[name]


def _hints(source: str) -> dict[str, object]:
    """The types that the code names and that are no builtins, imported when they are named."""
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    return {
        name: getattr(importlib.import_module(module), name)
        for module, known in _HINTS.items()
        for name in known
        if name in names
    }


def describe_function(call: Callable, name: str, signature: str, documentation: str) -> Callable:
    """Give a Swift callable the signature and docstring that `inspect` and `help` show."""
    shape = make_function(name, signature, documentation, call)
    call.__signature__ = inspect.signature(shape)
    call.__doc__ = documentation
    call.__module__ = "swift"
    return call


def call_bound(call: Callable, arguments: tuple, keywords: dict) -> object:
    """Call what takes positional arguments, by its signature."""
    signature = call.__signature__
    try:
        bound = signature.bind(*arguments, **keywords)
    except TypeError as error:
        count = len(signature.parameters)
        takes = f"{call.__name__}() takes {count} argument{'s' if count != 1 else ''}"
        raise TypeError(f"{takes}, {signature}: {error}") from None
    bound.apply_defaults()
    return call(*bound.args)
