"""The figures that pyplot holds, which each session of a process has to itself."""

import importlib.abc
import importlib.machinery
import io
import sys
from collections import OrderedDict

import _dynasaur

# The module that keeps them: `Gcf.figs`, a dict of numbers and managers for the whole process.
KEEPER = "matplotlib._pylab_helpers"


class _SessionFigures:
    """Stands for `Gcf.figs`: the dict of the session that the calling thread works for."""

    def __init__(self) -> None:
        self._of_sessions: dict[int, OrderedDict] = {}

    def _here(self) -> OrderedDict:
        return self._of_sessions.setdefault(id(_dynasaur.current_globals()), OrderedDict())

    def end_session(self) -> None:
        self._of_sessions.pop(id(_dynasaur.current_globals()), None)

    def __getattr__(self, name: str):
        return getattr(self._here(), name)

    def __len__(self) -> int:
        return len(self._here())

    def __iter__(self):
        return iter(self._here())

    def __contains__(self, number: object) -> bool:
        return number in self._here()

    def __getitem__(self, number):
        return self._here()[number]

    def __setitem__(self, number, manager) -> None:
        self._here()[number] = manager

    def __delitem__(self, number) -> None:
        del self._here()[number]


class _Loader(importlib.abc.Loader):
    """Loads the keeper, and gives it figures by session."""

    def __init__(self, loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module) -> None:
        self._loader.exec_module(module)
        module.Gcf.figs = _SessionFigures()


def find_spec(path) -> importlib.machinery.ModuleSpec | None:
    """The spec of the keeper."""
    spec = importlib.machinery.PathFinder.find_spec(KEEPER, path)
    if spec is not None and spec.loader is not None:
        spec.loader = _Loader(spec.loader)
    return spec


def _managers() -> list:
    """The managers of the session's figures."""
    gcf = getattr(sys.modules.get(KEEPER), "Gcf", None)
    return list(gcf.figs.values()) if gcf else []


def are_open() -> bool:
    return KEEPER in sys.modules and bool(_managers())


def holds(figure: object) -> bool:
    """Whether a figure is one of those that `take` will return."""
    return any(manager.canvas.figure is figure for manager in _managers())


def png_of(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def take(limit: int) -> list[bytes]:
    """The figures that the session left open, of which at most `limit` are drawn; all are closed."""
    managers = _managers()
    try:
        return [png_of(manager.canvas.figure) for manager in managers[:limit]]
    finally:
        for manager in managers:
            sys.modules[KEEPER].Gcf.destroy(manager)


def end_session() -> None:
    """Forget the figures of the calling thread's session, which ends."""
    gcf = getattr(sys.modules.get(KEEPER), "Gcf", None)
    if gcf is not None and isinstance(gcf.figs, _SessionFigures):
        gcf.figs.end_session()
