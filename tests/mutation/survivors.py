"""Which mutants no test noticed, and which of these are explained.

Rule: a survivor is explained by its file, function and changed lines, never by its number, which moves with the code.
Only a change in the words of a message needs no explanation (messages are held by what they name, not by their words),
and `float("INF")`, which is `float("inf")`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

SURVIVED, UNTESTED = 0, (5, 33)  # mutmut's exit codes: all tests passed; there was none to run
LIST = Path(__file__).parent / "equivalent.yaml"
_SHOW = """
import json, sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
print(json.dumps([get_diff_for_mutant(name) for name in json.load(sys.stdin)]))
"""  # mutmut reads its settings from where it is started
_SENTENCE = re.compile(r'f?"(?:[^"\\]|\\.)* (?:[^"\\]|\\.)*"')  # a text with a blank in it is for people

_INFINITY = re.compile(r'(?i)float\("-?inf"\)')


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed: the lines that it took away and added, without their margin."""

    function: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def __str__(self) -> str:
        gone, come = ("".join(f"\n    {sign} {line}" for line in lines) for sign, lines in
                      (("-", self.before), ("+", self.after)))  # fmt: skip
        return f"{self.function}{gone}{come}"

    @property
    def in_words(self) -> bool:
        """Whether only the words of a message differ: their case, or marks around them; or how infinity is written."""
        return _worded(self.before) == _worded(self.after) and self.before != self.after


@dataclass(frozen=True)
class Explained:
    """Why a change makes no difference that could be tested.  `function` as `automaton.lending.assign`."""

    function: str
    before: str
    after: str
    why: str

    def __str__(self) -> str:
        return f"{self.function}: {self.before!r} -> {self.after!r}"

    def is_of(self, files: Iterable[str]) -> bool:
        """Whether it is about one of these files of the package."""
        return any(self.function.startswith(file.removesuffix(".py").replace("/", ".") + ".") for file in files)

    def fits(self, survivor: Survivor) -> bool:
        """Whether this is about that change."""
        changed = (" ".join(survivor.before), " ".join(survivor.after))
        return (self.function, self.before, self.after) == (survivor.function, *changed)


def explanations(path: Path = LIST) -> list[Explained]:
    """What is written in the list.  Each entry has all four fields."""
    return [Explained(**entry) for entry in yaml.safe_load(path.read_text()) or []]


def tried(folder: Path) -> int:
    """How many mutants were tried, or found by the type checker."""
    return sum(code is not None for _, code in _codes(folder))


def survivors(folder: Path) -> list[Survivor]:
    """Those that survived, or that no test so much as runs."""
    survived = [name for name, code in _codes(folder) if code == SURVIVED or code in UNTESTED]
    return [survivor(name, diff) for name, diff in zip(survived, _shown(survived, folder), strict=True)]


def _codes(folder: Path) -> Iterator[tuple[str, int | None]]:
    for path in sorted((folder / "mutants").rglob("*.meta")):
        yield from json.loads(path.read_text())["exit_code_by_key"].items()


def survivor(name: str, diff: str) -> Survivor:
    """The change of this mutant; `diff` in the unified form."""
    function = re.sub(r"\.x(?:ǁ(\w+)ǁ|_)", lambda m: f".{m[1]}." if m[1] else ".", name.rpartition("__mutmut_")[0])
    lines = [line for line in diff.splitlines() if re.match(r"[-+](?![-+]{2} )", line)]
    before = tuple(line[1:].strip() for line in lines if line.startswith("-"))
    after = tuple(line[1:].strip() for line in lines if line.startswith("+"))
    return Survivor(function.removeprefix("ppa_assigner."), before, after)


def left_over(found: Iterable[Survivor], known: Iterable[Explained]) -> list[Survivor]:
    """Those that nothing explains."""
    known = list(known)
    return [one for one in found if not one.in_words and not any(explained.fits(one) for explained in known)]


def _worded(lines: Iterable[str]) -> str:
    def plain(match: re.Match[str]) -> str:
        return match[0].replace("XX", "").lower()

    return _INFINITY.sub(plain, _SENTENCE.sub(plain, " ".join(lines)))


def _shown(names: list[str], folder: Path) -> list[str]:
    command = [sys.executable, "-c", _SHOW]
    shown = subprocess.run(command, cwd=folder, input=json.dumps(names), capture_output=True, text=True, check=True)
    diffs: list[str] = json.loads(shown.stdout)
    return diffs
