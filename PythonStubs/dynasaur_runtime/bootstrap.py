"""Runs once, when the interpreter starts: embedded imports, standard streams, threads."""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType

import _dynasaur


class EmbeddedFinder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the packages that are embedded in the binary."""

    packages = (
        "dynasaur_runtime",
        "dynasaur_library",
        "dynasaur_actions",
        "dynasaur_evaluation",
    )

    @staticmethod
    def _path(name: str, is_package: bool) -> str:
        return name.replace(".", "/") + ("/__init__.py" if is_package else ".py")

    def _locate(self, name: str) -> tuple[str, bool] | None:
        if name.partition(".")[0] not in self.packages:
            return None
        for is_package in (False, True):
            path = self._path(name, is_package)
            if _dynasaur.embedded_source(path) is not None:
                return path, is_package
        return None

    def find_spec(self, fullname, path=None, target=None):
        located = self._locate(fullname)
        if located is None:
            return self._watched(fullname, path)
        origin, is_package = located
        spec = importlib.machinery.ModuleSpec(
            fullname, self, origin=origin, is_package=is_package
        )
        return spec

    @staticmethod
    def _watched(fullname: str, path):
        from dynasaur_runtime import figures

        return figures.find_spec(path) if fullname == figures.KEEPER else None

    def is_package(self, fullname: str) -> bool:
        located = self._locate(fullname)
        return located is not None and located[1]

    def get_source(self, fullname: str) -> str:
        located = self._locate(fullname)
        if located is None:
            raise ImportError(f"{fullname} is not embedded", name=fullname)
        return _dynasaur.embedded_source(located[0])

    def get_code(self, fullname: str):
        located = self._locate(fullname)
        if located is None:
            raise ImportError(f"{fullname} is not embedded", name=fullname)
        # The relative path as file name keeps the machine that built the binary out of tracebacks.
        return compile(self.get_source(fullname), located[0], "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        exec(self.get_code(module.__name__), module.__dict__)


def install() -> None:
    # Plots are images of an observation, never windows.
    os.environ.setdefault("MPLBACKEND", "agg")
    # A pool of threads per session would oversubscribe the machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.meta_path.insert(0, EmbeddedFinder())
    # Python takes the thread that imports `threading` first for the main thread.
    import threading  # noqa: F401

    from dynasaur_runtime import streams

    streams.install()
    # Loaded now, so that the first session does not pay for them.
    import dynasaur_runtime.display  # noqa: F401
    import dynasaur_runtime.engine  # noqa: F401
    import dynasaur_runtime.plain_data  # noqa: F401


install()
