"""The first code of a fresh interpreter of any version: read a request, answer it, end.

This text is run by `python -I -c`, so it imports nothing of ours at its top. Standard input holds
one JSON object: `modules` (names to sources, served to `import`), `function`
("package.module:name") and `request`. Standard output takes JSON lines: what the function reports
while it works, and at last `{"outcome": ...}`. The function never sees that channel under a number
it knows: what it prints goes into memory.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys


class Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Serves the packages that the request brought."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.sources = sources

    def find_spec(self, fullname, path=None, target=None):  # type: ignore[no-untyped-def]
        if fullname not in self.sources:
            return None
        package = any(name.startswith(fullname + ".") for name in self.sources)
        return importlib.util.spec_from_loader(fullname, self, is_package=package)

    def get_source(self, fullname: str) -> str:
        return self.sources[fullname]

    def is_package(self, fullname: str) -> bool:
        return any(name.startswith(fullname + ".") for name in self.sources)


def main() -> None:
    """Answer the one request of this process."""
    envelope = json.loads(sys.stdin.buffer.read())
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for descriptor, name in ((1, "output"), (2, "errors")):
        os.dup2(os.memfd_create(name), descriptor)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for limit, value in envelope.get("limits", {}).items():
        resource.setrlimit(getattr(resource, limit), (value, value))
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, Finder(envelope["modules"]))

    def report(line: object) -> None:
        channel.write(json.dumps(line) + "\n")
        channel.flush()

    module, _, name = envelope["function"].partition(":")
    function = getattr(importlib.import_module(module), name)
    report({"outcome": function(envelope["request"], report)})
    # Threads and exit handlers that the action left behind must not delay the answer.
    os._exit(0)


if __name__ == "__main__":
    main()
