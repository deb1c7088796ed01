"""Makes a session the program's main module, for code that a person runs from a file."""

import os
import sys


def become_main(module_name: str, path: str) -> None:
    """Let the session `module_name` run `path` as `python path` would.

    `__name__` is `"__main__"`, `__file__` and `sys.argv` name the file, and modules beside it can be
    imported. An empty path stands for code that came from standard input.
    """
    module = sys.modules[module_name]
    module.__name__ = "__main__"
    sys.modules["__main__"] = module
    if path:
        module.__file__ = path
        sys.path.insert(0, os.path.dirname(path))
    else:
        sys.path.insert(0, "")
    sys.argv = [path or "-"]
