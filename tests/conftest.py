"""What holds for all tests, and the figures that a run ends with.

A test notes what it counted with pytest's own `record_property("crash points", 12)`; the sums are printed at the end.
"""

import signal
import threading
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

from . import forked

# How long an example takes says something of the host, which may be busy, and of what measures coverage.
settings.register_profile("any host", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any host")


def pytest_configure() -> None:
    """A run in the background of a shell is started with its keys' signals ignored, one that is to outlive its terminal
    with SIGHUP, and so would be all that the tests start.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """What forks processes ends before the lines that it has run are counted."""
    forked.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What may take longest begins first, so that at the end no worker computes alone: a group, which one worker runs,
    as long as all of its tests.
    """
    if getattr(config.option, "loadgroup", False) and any(not _in_its_group(item) for item in items):
        raise pytest.UsageError("this pytest-xdist does not tell groups with this pytest: each worker would make all")
    groups: Counter[object] = Counter()
    for item in items:
        groups[_group(item)] += _allowed_s(item)
    items.sort(key=lambda item: groups[_group(item)], reverse=True)


def _in_its_group(item: pytest.Item) -> bool:
    """As pytest-xdist tells itself."""
    return item.get_closest_marker("xdist_group") is None or "@" in item.nodeid


def _group(item: pytest.Item) -> object:
    marker = item.get_closest_marker("xdist_group")
    return marker.args[0] if marker else item


def _allowed_s(item: pytest.Item) -> int:
    marker = item.get_closest_marker("timeout")
    return int(float(marker.args[0] if marker else item.config.getini("timeout")))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> None:
    """Have hypothesis make no patch of a failing example: where the stand-in is loaded, zope.interface stops it with an
    error that ends the whole run.
    """
    vars(item).pop("_hypothesis_failing_examples", None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests that passed have counted."""
    figures: Counter[str] = Counter()
    passed = {report.nodeid for report in terminalreporter.getreports("passed")}
    for report in terminalreporter.getreports(""):  # of what is before and after a test: fixtures count too
        if report.when == "teardown" and report.nodeid in passed:
            figures.update({name: value for name, value in report.user_properties if isinstance(value, int)})
    if figures:
        terminalreporter.section("shown by this run")
        for name, value in sorted(figures.items()):
            terminalreporter.line(f"{name}: {value:,}")
