"""`python -m tests.mutation [AREA…]`: change the core in thousands of small ways, and see whether a test notices.

Rule: mutmut makes the changes, in a copy, and runs the tests; each change that no test notices is killed by a test, or
explained in `equivalent.yaml`.  An explanation that fits no survivor of its area is stale.  Exits with 1 for either.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .areas import AREAS, Area
from .survivors import Explained, explanations, left_over, survivors, tried

ROOT = Path(__file__).parents[2]
NEEDED = ("ppa_assigner", "tests", "config", "docs", "README.md")
BEING_WRITTEN = shutil.ignore_patterns("*.pyc.*")  # bytecode that others write meanwhile, until it has its name
LINES_OF_LOG = 40


def prepare(area: Area, folder: Path) -> None:
    """A copy of the project in which only this area is changed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=BEING_WRITTEN)
        else:
            shutil.copy(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + area.settings())


def run(folder: Path) -> int:
    """Try all changes of the copy; not 0 if they could not be tried."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with (folder / "log").open("w") as log:  # it draws on a terminal
        command = [sys.executable, "-m", "tests.mutation.session"]
        return subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, stdout=log, check=False).returncode


def attempt(name: str, known: list[Explained]) -> int:
    """Try one area and tell of it; how much of it is missed or stale, or 1 if it could not be tried."""
    area, folder = AREAS[name], ROOT / "build" / "mutation" / name
    prepare(area, folder)
    if run(folder):
        say("\n".join((folder / "log").read_text().replace("\r", "\n").splitlines()[-LINES_OF_LOG:]))
        return 1
    found = survivors(folder)
    missed = left_over(found, known)
    stale = [each for each in known if each.is_of(area.files) and not any(each.fits(one) for one in found)]
    for change in missed:
        say(f"no test notices: {change}")
    for explained in stale:
        say(f"explains nothing any more: {explained}")
    count, words = tried(folder), sum(one.in_words for one in found)
    say(f"{name}: {count} changes, {count - len(found)} noticed, {words} of a message's words, "
        f"{len(found) - words - len(missed)} that make no difference, {len(missed)} missed")  # fmt: skip
    return len(missed) + len(stale)


def say(line: str) -> None:
    """Tell the one who runs this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(names: list[str]) -> int:
    """1 if anything is missed or stale; 64 for an area that there is not."""
    if unknown := set(names) - set(AREAS):
        say(f"there is no area {', '.join(sorted(unknown))}; there are {', '.join(AREAS)}")
        return os.EX_USAGE
    known = explanations()
    return 1 if sum(attempt(name, known) for name in names or AREAS) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
