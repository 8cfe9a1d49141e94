"""Run by the Python that has ppa-dev-tools: its `ppa wait`, unchanged, against another service than Launchpad's.

`ppawait.py SERVICE_ROOT WORD…`: the words are those of its command line.  It always asks `production`, so what
launchpadlib takes that for is replaced.  It imports Debian's python3-apt, which no registry of Python has, for commands
that read archives; `wait` does not use it.  Knows nothing of ours.
"""

import importlib
import runpy
import shutil
import sys
import types


def main() -> None:
    """Its own command."""
    root, *words = sys.argv[1:]
    roots = importlib.import_module("launchpadlib.uris").service_roots
    roots["production"] = root
    sys.modules.setdefault("apt_pkg", types.ModuleType("apt_pkg"))
    program = shutil.which("ppa", path=sys.executable.rpartition("/")[0])
    sys.argv = ["ppa", *words]
    runpy.run_path(str(program), run_name="__main__")


if __name__ == "__main__":
    main()
