"""Pickling of what a session defines: its functions and classes by value, bound to its variables.

Plain pickle knows functions and classes by name only, and the names of a session's steps are gone with
its process. Here they are written out, and on loading they belong to the new session: a function sees
the variables of the session it is loaded into. The bytes are for the same version of Python, and for
sessions that trust each other.
"""

import builtins
import collections
import dataclasses
import enum
import functools
import importlib
import io
import marshal
import pickle
import sys
import types
from collections.abc import Callable

HOST_FUNCTION = "<swift function "
_SENTINELS = {
    id(getattr(dataclasses, name)): name
    for name in ("MISSING", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR")
    if hasattr(dataclasses, name)
}
# Types of the interpreter that their own names do not lead to, such as mappingproxy.
_TYPES = {
    cls: name
    for name, cls in vars(types).items()
    if isinstance(cls, type) and getattr(builtins, cls.__name__, None) is not cls
}
# Made by the class statement itself, or by what made the class.
_OWN_ATTRIBUTES = {"__dict__", "__weakref__", "__module__", "__qualname__", "__slots__", "__abstractmethods__", "_abc_impl"}


class TooLarge(Exception):
    """More bytes than allowed."""


class _Counted(io.BytesIO):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self._left = limit

    def write(self, data) -> int:
        self._left -= memoryview(data).nbytes
        if self._left < 0:
            raise TooLarge("it is larger than a checkpoint may be")
        return super().write(data)


def is_host_function(value: object) -> bool:
    return isinstance(value, types.FunctionType) and value.__code__.co_filename.startswith(HOST_FUNCTION)


def _is_importable(value: object) -> bool:
    """Whether pickle finds it by its name."""
    found = sys.modules.get(getattr(value, "__module__", None) or "")
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


# ---- Making again ----

# The session that is being loaded into; pickle passes nothing to the functions below.
_loading: list[types.ModuleType] = []


def _make_code(data: bytes) -> types.CodeType:
    return marshal.loads(data)


def _session() -> types.ModuleType:
    return _loading[-1]


def _host_function(name: str) -> types.FunctionType:
    """The host's function, or one that looks for it when it is called: it may be defined later."""
    variables = _session().__dict__
    found = variables.get(name)
    if is_host_function(found):
        return found

    def find() -> Callable:
        function = variables.get(name)
        if function is None or function is late:
            raise NameError(f"the host has not defined {name!r} in this session", name=name)
        return function

    filename = f"{HOST_FUNCTION}{name}>"
    source = f"def {name}(*arguments, **keywords): return __find__()(*arguments, **keywords)"
    namespace = {"__name__": "swift", "__find__": find}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    late = namespace[name]
    return late


class Missing(types.ModuleType):
    """In place of a module that can no longer be imported."""

    def __getattr__(self, name: str) -> object:
        raise ImportError(f"the module {self.__name__} could not be imported again")


def _import(name: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except Exception:
        return Missing(name)


def _make_function(code, module, name, closure) -> types.FunctionType:
    owner = importlib.import_module(module) if module else _session()
    return types.FunctionType(code, owner.__dict__, name, None, closure)


def _set_function(function, state) -> None:
    for name, value in state.items():
        setattr(function, name, value)


def _make_cell() -> types.CellType:
    return types.CellType()


def _set_cell(cell, state) -> None:
    (cell.cell_contents,) = state


def _make_class(metaclass, name, bases, body) -> type:
    return types.new_class(name, bases, {"metaclass": metaclass}, lambda space: space.update(body))


def _set_class(made, state) -> None:
    for name, value in state.items():
        setattr(made, name, value)


def _make_enum(metaclass, name, bases, body, members) -> type:
    space = metaclass.__prepare__(name, bases)
    for key, value in {**body, **members}.items():
        space[key] = value
    return metaclass.__new__(metaclass, name, bases, space)


def _make_named_tuple(name, fields, defaults, body) -> type:
    made = collections.namedtuple(name, fields, defaults=defaults)
    _set_class(made, body)
    return made


def _make_cached(function, parameters) -> Callable:
    return functools.lru_cache(**parameters)(function)


def _make_cached_property(function, name) -> functools.cached_property:
    made = functools.cached_property(function)
    made.attrname = name
    return made


# ---- Taking apart ----


def _reduce_function(function: types.FunctionType, module: str):
    """By value; its global variables are those of `module`, or of the session where that is empty."""
    state = {
        "__qualname__": function.__qualname__,
        "__module__": function.__module__,
        "__defaults__": function.__defaults__,
        "__kwdefaults__": function.__kwdefaults__,
        "__annotations__": function.__annotations__,
        "__doc__": function.__doc__,
        **function.__dict__,
    }
    arguments = (function.__code__, module, function.__name__, function.__closure__)
    return _make_function, arguments, state, None, None, _set_function


def _reduce_cell(cell: types.CellType):
    try:
        content = (cell.cell_contents,)
    except ValueError:  # An empty one.
        return _make_cell, ()
    return _make_cell, (), content, None, None, _set_cell


def _attributes(cls: type) -> dict[str, object]:
    slots = cls.__dict__.get("__slots__", ())
    slots = (slots,) if isinstance(slots, str) else tuple(slots)
    return {
        name: value
        for name, value in cls.__dict__.items()
        if name not in _OWN_ATTRIBUTES and name not in slots
    }


def _reduce_class(cls: type):
    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    attributes = _attributes(cls)
    if issubclass(cls, enum.Enum):
        members = {name: member.value for name, member in cls.__members__.items()}
        own = {
            name: value
            for name, value in attributes.items()
            if name not in members and not name.startswith("_")
        }
        return _make_enum, (type(cls), cls.__name__, cls.__bases__, {**body, **own}, members)
    if cls.__bases__ == (tuple,) and hasattr(cls, "_field_defaults"):
        names = ("__doc__", "__annotations__", "__orig_bases__")
        own = {name: attributes[name] for name in names if name in attributes}
        defaults = tuple(cls._field_defaults.values())
        return _make_named_tuple, (cls.__name__, cls._fields, defaults, {**body, **own})
    if "__slots__" in cls.__dict__:
        body["__slots__"] = cls.__slots__
    return _make_class, (type(cls), cls.__name__, cls.__bases__, body), attributes, None, None, _set_class


class SessionPickler(pickle.Pickler):
    """Pickles values of the session whose variables are `variables`."""

    def __init__(self, file, variables: dict) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._variables = variables

    def reducer_override(self, value: object):
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.ModuleType):
            own = value.__dict__ is self._variables
            return (_session, ()) if own else (_import, (value.__name__,))
        name = _SENTINELS.get(id(value))
        if name is not None:
            return getattr, (dataclasses, name)
        reduce = _REDUCERS.get(type(value))
        return reduce(value) if reduce else NotImplemented

    def _function(self, function: types.FunctionType):
        if is_host_function(function):
            return _host_function, (function.__name__,)
        if function.__globals__ is self._variables:
            return _reduce_function(function, "")
        if function.__module__ != self._variables.get("__name__") and _is_importable(function):
            return NotImplemented
        # A wrapper that a module has put around a function or into a class of the session.
        module = function.__globals__.get("__name__", "")
        if getattr(sys.modules.get(module), "__dict__", None) is function.__globals__:
            return _reduce_function(function, module)
        raise pickle.PicklingError(f"the function {function.__qualname__} belongs to no module")

    def _class(self, cls: type):
        if cls.__module__ == self._variables.get("__name__"):
            return _reduce_class(cls)
        name = _TYPES.get(cls)
        return (getattr, (types, name)) if name else NotImplemented


def _reduce_lru_cache(cached):
    return _make_cached, (cached.__wrapped__, cached.cache_parameters())


_REDUCERS: dict[type, Callable] = {
    types.CodeType: lambda code: (_make_code, (marshal.dumps(code),)),
    types.CellType: _reduce_cell,
    types.MappingProxyType: lambda proxy: (types.MappingProxyType, (dict(proxy),)),
    property: lambda p: (property, (p.fget, p.fset, p.fdel, p.__doc__)),
    classmethod: lambda method: (classmethod, (method.__func__,)),
    staticmethod: lambda method: (staticmethod, (method.__func__,)),
    functools.cached_property: lambda p: (_make_cached_property, (p.func, p.attrname)),
    type(functools.lru_cache(lambda: None)): _reduce_lru_cache,
}


def dump(value: object, variables: dict, limit: int) -> bytes:
    """The value's bytes; TooLarge for more than `limit` of them."""
    file = _Counted(limit)
    SessionPickler(file, variables).dump(value)
    return file.getvalue()


def load(file: io.BytesIO, module: types.ModuleType) -> object:
    """Read what `dump` made, into the session of `module`."""
    _loading.append(module)
    try:
        return pickle.load(file)
    finally:
        _loading.pop()
