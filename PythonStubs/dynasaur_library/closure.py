"""The statements that a function of a session needs: a backward slice over all its steps.

Every statement is taken whole and the result keeps the order of execution, so that a name that a
statement reads while it runs has the value it had then, and a name that a function reads when it
is called has the value it has now, also where both are different versions of one name.
"""

import builtins
import logging
import types
from typing import Any

from dynasaur_library.live_state import closure_state, live_state, rebound_variables
from dynasaur_library.origins import (
    import_for,
    may_have_bound,
    original,
    plain_function,
    stored_action,
)
from dynasaur_library.steps import END, Order, Step, Unit

_MODULE_NAMES = frozenset(
    {"__name__", "__builtins__", "__doc__", "__annotations__", "__spec__", "__loader__"}
    | {"__package__", "__debug__", "__dict__", "__file__"}
)
_MISSING: Any = object()


class CaptureRefused(Exception):
    """A function cannot be stored; the message says why, for the model and for people."""


class Closure:
    """What has been found so far. `need` adds a name with everything it needs in turn."""

    def __init__(self, namespace: dict[str, Any], steps: list[Step]) -> None:
        self.namespace = namespace
        self.units: set[Unit] = set()
        self.imports: list[str] = []
        """Import statements that no step wrote: the host put these values into the session."""
        self.dependencies: dict[str, dict[str, str]] = {}
        """Library actions, by the name under which they are used."""
        self.host_functions: set[str] = set()
        self.variables: dict[str, Any] = {}
        """Values that are neither functions, classes nor modules, as they are now."""
        self.assigned_by_functions: set[str] = set()
        """Names that no statement binds, only functions by `global`."""
        self._asked: set[tuple[str, Order]] = set()
        self._binders: dict[str, list[Unit]] = {}
        self._changers: dict[str, list[Unit]] = {}
        self._star_imports: list[Unit] = []
        self._written: set[str] = set()
        for step in steps:
            for unit in step.units:
                self._register(unit)

    def need(self, name: str, at: Order = END, optional: bool = False) -> None:
        """Take what `name` means at `at`. A missing one is refused unless it is `optional`."""
        if name in _MODULE_NAMES or (name, at) in self._asked:
            return
        self._asked.add((name, at))
        binders = self._binders_of(name)
        earlier = [unit for unit in binders if unit.order < at]
        if earlier and len(earlier) < len(binders):
            self._take(earlier[-1], name, at)
        else:
            self._need_live(name, binders, at, optional)

    def check_assigned(self) -> None:
        """Refuse what only functions assign that are not taken along."""
        assigned = {name for unit in self.units for name in unit.use.assigns}
        for name in sorted(self.assigned_by_functions - assigned):
            raise CaptureRefused(
                f"it uses the variable `{name}`, which a function assigned; pass it as a parameter"
            )

    def _need_live(self, name: str, binders: list[Unit], at: Order, optional: bool) -> None:
        value = self.namespace.get(name, _MISSING)
        if value is _MISSING:
            self._need_unbound(name, binders, optional)
            return
        action = stored_action(value)
        if action is not None:
            self.dependencies[name] = action
            return
        matching = binders
        if name not in self._written:
            matching = [unit for unit in binders if may_have_bound(unit, name, value)]
        if not matching and name in self._written:
            self.assigned_by_functions.add(name)
            return
        if not matching:
            self._need_ambient(name, value, binders)
            return
        unit = matching[-1]
        self._check_live(name, value, unit)
        self._take(unit, name, at)

    def _need_unbound(self, name: str, binders: list[Unit], optional: bool) -> None:
        conditional = [unit for unit in binders if unit.is_compound or unit.parent]
        if conditional:
            # A branch that was not taken, or a name that was deleted again: the statement
            # decides anew when it is run.
            self._take(conditional[-1], name, END)
        elif not hasattr(builtins, name) and not optional:
            state = "was deleted or not reached" if binders else "is defined nowhere"
            raise CaptureRefused(f"it uses `{name}`, which {state} in the session")

    def _need_ambient(self, name: str, value: Any, binders: list[Unit]) -> None:
        """A value that no step of this session made."""
        if binders and isinstance(value, types.FunctionType):
            raise CaptureRefused(f"the source that defined `{name}` is no longer known")
        if hasattr(builtins, name) and getattr(builtins, name) is value:
            return
        statement = import_for(name, value, self.namespace.get("__name__", ""))
        if statement:
            if statement not in self.imports:
                self.imports.append(statement)
        elif callable(value) and not isinstance(value, type):
            self.host_functions.add(name)
        else:
            raise CaptureRefused(
                f"it uses the variable `{name}`, which no step assigned; pass it as a parameter"
            )

    def _check_live(self, name: str, value: Any, unit: Unit) -> None:
        if unit.is_import or isinstance(value, type | types.ModuleType):
            return
        function = plain_function(original(value))
        if function is None:
            found = live_state(value)
            if found:
                raise CaptureRefused(
                    f"it uses `{name}`, which is {found}: that lives only in this session; "
                    "open it inside the function or pass it as a parameter"
                )
            if not callable(value) and name not in self.variables:
                self.variables[name] = value
            return
        closed = closure_state(function)
        if closed:
            raise CaptureRefused(
                f"`{name}` closes over `{closed[0]}`, which is {closed[1]}: that lives only in "
                "this session; pass it as a parameter"
            )
        rebound = rebound_variables(function)
        if rebound and not unit.is_definition:
            raise CaptureRefused(
                f"`{name}` closes over live state: it changes `{rebound[0]}` of the function that "
                "made it; pass it as a parameter and return the new value"
            )

    def _take(self, unit: Unit, name: str, at: Order) -> None:
        unit = _repeatable(unit)
        if unit.is_compound:
            # It may not have bound the name, so an earlier value counts too.
            for earlier in reversed(self._binders_of(name)):
                if earlier.order < unit.order:
                    self._take(earlier, name, unit.order)
                    break
        self._add(unit)
        if unit.is_plain_import:
            # `import a.b` and `import a.c` bind one `a`, which has both.
            for other in self._binders_of(name):
                if other.is_plain_import:
                    self._add(_repeatable(other))
        if at != END:
            # What runs at `at` may call this, so what it calls must be there by then.
            for used in sorted(unit.use.lazy):
                if self._binders_of(used):
                    self.need(used, at, optional=True)
        self._take_changes(unit, name)

    def _take_changes(self, unit: Unit, name: str) -> None:
        """Take what changed the value of `name` in place after `unit` bound it."""
        if isinstance(self.namespace.get(name), types.ModuleType):
            return
        following = [other for other in self._binders_of(name) if other.order > unit.order]
        rebound = next((o.order for o in following if not unit.contains_unit(o)), END)
        for changer in self._changers.get(name, []):
            if unit.order < changer.order < rebound:
                self._add(_repeatable(changer))

    def _add(self, unit: Unit) -> None:
        if unit in self.units:
            return
        self.units.add(unit)
        for name in sorted(unit.use.eager):
            self.need(name, unit.order)
        for name in sorted(unit.use.lazy):
            self.need(name, END)
        for name in sorted(unit.use.hints):
            self.need(name, END, optional=True)

    def _binders_of(self, name: str) -> list[Unit]:
        stars = [unit for unit in self._star_imports if self._star_binds(unit, name)]
        return sorted([*self._binders.get(name, []), *stars], key=lambda unit: unit.order)

    def _star_binds(self, unit: Unit, name: str) -> bool:
        value = self.namespace.get(name, _MISSING)
        return value is not _MISSING and may_have_bound(unit, name, value)

    def _register(self, unit: Unit) -> None:
        self._written |= unit.use.assigns
        for name in unit.use.binds:
            if name == "*":
                self._star_imports.append(unit)
            else:
                self._binders.setdefault(name, []).append(unit)
        configured = {name for name in unit.use.methods if self._is_configured(name)}
        for name in unit.use.changes | configured:
            self._changers.setdefault(name, []).append(unit)

    def _is_configured(self, name: str) -> bool:
        """Whether a method called on `name` sets it up, as in `parser.add_argument(...)`."""
        plain = types.ModuleType | types.FunctionType | type | str | logging.Logger
        return not isinstance(self.namespace.get(name), plain)


def _repeatable(unit: Unit) -> Unit:
    """What to repeat in order to repeat `unit`: itself, or the compound statement it stands in.

    A definition is taken out of the branch that ran. An import keeps the fallbacks around it.
    Anything else depends on the statements around it.
    """
    is_import = unit.is_import
    while unit.parent is not None and not unit.is_definition:
        if is_import and not unit.parent.is_declarative:
            break
        unit = unit.parent
    return unit
