"""A session as far as the library's Python can see it: steps run in the globals of one module."""

import ast
import asyncio
import inspect
import linecache
import sys
import types
from typing import Any

from dynasaur_library.recording import transform

_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class SimulatedSession:
    """Runs steps as the runtime does, in this process."""

    def __init__(self, name: str = "session-1") -> None:
        self.name = name
        self.module = types.ModuleType(name)
        self.globals: dict[str, Any] = vars(self.module)
        self.count = 0
        sys.modules[name] = self.module

    def run(self, source: str) -> BaseException | None:
        """Run one step; what it raised, if anything."""
        self.count += 1
        filename = f"<{self.name} step {self.count}>"
        linecache.cache[filename] = (
            len(source),
            None,
            source.splitlines(keepends=True),
            filename,
        )
        try:
            tree = compile(source, filename, "exec", _FLAGS | ast.PyCF_ONLY_AST, True)
            code = compile(transform(tree, filename, self.globals), filename, "exec", _FLAGS, True)
            result = eval(code, self.globals)
            if code.co_flags & inspect.CO_COROUTINE:
                asyncio.run(result)
        except BaseException as error:
            return error
        return None

    def close(self) -> None:
        sys.modules.pop(self.name, None)
        for filename in [name for name in linecache.cache if name.startswith(f"<{self.name} ")]:
            del linecache.cache[filename]
