"""`python -m tests.mutation.session`, in a copy that was prepared: makes the changes and tries each of them.

Rule: mutmut makes the changes, and the type checker has the first word; each of the others is tried in a fork of one
session of pytest that has collected the tests, for that takes longer than to run those that a change concerns.  What
became of each stands in mutmut's own files afterwards.  Of mutmut the inside is used: its version is bounded.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mutmut.__main__ import create_mutants, store_lines_covered_by_tests
from mutmut.configuration import config
from mutmut.mutation.file_mutation import filter_mutants_with_type_checker
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths
from mutmut.utils.format_utils import mangled_name_from_mutant_name

CHILDREN = 2
AT_LEAST_S, TIMES = 5, 4  # of processor time; a change after which tests go on and on was noticed
WAITING = 10  # times as long by the clock: what waits takes no processor time
SURVIVED, NOTICED, UNTESTED, ENDLESS, TYPES = 0, 1, 33, 36, 37  # as mutmut writes them


def make() -> Collection[str]:
    """All changes, below `mutants`; the names of those that the type checker notices."""
    set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    store_lines_covered_by_tests()
    create_mutants(CHILDREN)
    return set(filter_mutants_with_type_checker())


@dataclass
class Concerned:
    """The tests that come by one function, and the seconds of processor time that each takes with nothing changed."""

    tests: list[tuple[float, pytest.Item]] = field(default_factory=list)

    def quickest_first(self) -> list[pytest.Item]:
        """Most changes are noticed by many tests."""
        return [item for _, item in sorted(self.tests, key=lambda test: test[0])]

    def allowed(self) -> int:
        """Seconds of processor time after which a change is endless."""
        return math.ceil(AT_LEAST_S + TIMES * sum(seconds for seconds, _ in self.tests))


class Session:
    """A plugin of pytest that runs the tests many times in place of once."""

    def __init__(self, names: Collection[str], noticed: Collection[str]) -> None:
        self._names, self._noticed = names, noticed
        self._running: dict[int, str] = {}
        self.codes: dict[str, int] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """First all tests once, with nothing changed; it is an error if one of them fails."""
        concerned = dict(self._concerned(session))
        if session.testsfailed:
            return True
        for name in self._names:
            tests = concerned.get(mangled_name_from_mutant_name(name))
            if name in self._noticed or tests is None:
                self.codes[name] = TYPES if name in self._noticed else UNTESTED
                continue
            if len(self._running) == CHILDREN:
                self._wait()
            self._start(name, tests, session)
        while self._running:
            self._wait()
        return True

    def _concerned(self, session: pytest.Session) -> Iterator[tuple[str, Concerned]]:
        """Each function that is changed, and the tests that come by it."""
        tests: Mapping[str, Concerned] = defaultdict(Concerned)
        set_mutant_under_test("stats")
        for item in session.items:
            before = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            seconds = time.process_time() - before
            for function in state()._stats:
                tests[function].tests.append((seconds, item))
            state()._stats.clear()
        set_mutant_under_test("")
        yield from tests.items()

    def _start(self, name: str, tests: Concerned, session: pytest.Session) -> None:
        child = os.fork()
        if child:
            self._running[child] = name
            return
        code = NOTICED
        try:
            code = _tried(name, tests, session)
        finally:
            os._exit(code)  # whatever a change raises: it was noticed

    def _wait(self) -> None:
        child, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        self.codes[self._running.pop(child)] = code if code in (SURVIVED, NOTICED) else ENDLESS


def _tried(name: str, concerned: Concerned, session: pytest.Session) -> int:
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    seconds = concerned.allowed()
    signal.alarm(seconds * WAITING)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))  # a fork starts at nothing
    set_mutant_under_test(name)
    for item in concerned.quickest_first():
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed:
            return NOTICED
    return SURVIVED


def main() -> int:
    """0 when all were tried; pytest's own code when the tests fail although nothing is changed."""
    noticed, metas = make(), sorted(Path("mutants").rglob("*.meta"))
    read = {path.resolve(): json.loads(path.read_text()) for path in metas}
    session = Session([name for meta in read.values() for name in meta["exit_code_by_key"]], noticed)
    selection, arguments = config().pytest_add_cli_args_test_selection, config().pytest_add_cli_args
    os.chdir("mutants")
    code = pytest.main(["--rootdir=.", "--tb=short", "-q", *arguments, *selection], plugins=[session])
    for path, meta in read.items():
        meta["exit_code_by_key"] = {name: session.codes.get(name) for name in meta["exit_code_by_key"]}
        path.write_text(json.dumps(meta, indent=4))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
