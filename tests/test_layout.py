"""The shape of the code: imports go one way, and one module knows launchpadlib."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("layout")  # one worker reads each module, once

PACKAGE = Path(__file__).parent.parent / "ppa_assigner"

LAYERS = [
    {"times", "strict_json", "backoff", "version", "words", "selectors", "record_values", "reference"},
    {"record_claims", "identity"},
    {
        "record",
        "packages",
        "publications",
        "options",
        "problems",
        "access",
        "systemd",
        "journal",
        "mailbox",
    },
    {"history", "documents", "labels"},
    {"port", "views", "config", "client"},
    {"archive_port", "upload_port"},
    {"automaton", "launchpad"},
    {"clock", "uploads", "issuer_http"},
    {"worker"},
    {"supervisor"},
    {"trace"},
    {"api"},
    {"cli"},
]
"""From the leaves up: a module imports only from the layers below its own, or from its own part."""


def modules() -> Iterator[Path]:
    """All modules of the package but the stand-in's, which is a product of its own."""
    return (path for path in PACKAGE.rglob("*.py") if "standin" not in path.parts)


def part(path: Path) -> str:
    """The module or sub-package right below ours."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def imported(path: Path) -> frozenset[str]:
    """What a module imports, by absolute name, wherever in it."""
    found: set[str] = set()
    package = ["ppa_assigner", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            found |= {name} | {f"{name}.{alias.name}" for alias in node.names}
    return frozenset(found)


def layer(name: str) -> int | None:
    """Which layer a part is in."""
    return next((i for i, names in enumerate(LAYERS) if name in names), None)


@pytest.mark.parametrize("path", sorted(modules()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    """cli -> api -> supervisor -> worker -> automaton -> record; nobody imports what is above."""
    own = part(path)
    if own == "__init__":
        return
    below = layer(own)
    assert below is not None, f"{own} has no layer"
    for name in imported(path):
        other = name.removeprefix("ppa_assigner.").split(".")[0]
        if name.startswith("ppa_assigner.") and other not in (own, "__version__"):
            above = layer(other)
            allowed = (own, other) == ("cli", "standin") or (above is not None and above < below)
            assert allowed, f"{own} imports {name}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_adapter_knows_launchpadlib(path: Path) -> None:
    """launchpadlib, lazr.restfulclient and httplib2 are imported by `launchpad.client` alone."""
    foreign = {"launchpadlib", "httplib2"}
    users = {n.split(".")[0] for n in imported(path)} & foreign | {n for n in imported(path) if "restfulclient" in n}
    assert not users or path == PACKAGE / "launchpad" / "client.py"


def test_no_module_is_too_long() -> None:
    """A module is read in one go: about 300 lines, 400 at the very most."""
    long = {
        str(p.relative_to(PACKAGE)): n for p in PACKAGE.rglob("*.py") if (n := len(p.read_text().splitlines())) > 400
    }
    assert not long


def dotted(path: Path) -> str:
    """A module's absolute name; a package's is that of its `__init__`."""
    parts = ("ppa_assigner", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def graph() -> dict[str, set[str]]:
    """Which module imports which, the stand-in's too: in functions, and for the type checker alone, as well."""
    paths = {dotted(path): path for path in PACKAGE.rglob("*.py")}
    edges: dict[str, set[str]] = {}
    for name, path in paths.items():
        found = {found for found in imported(path) if found.startswith("ppa_assigner")}
        modules = {found if found in paths else found.rpartition(".")[0] for found in found}
        packages = {found for found in modules if any(other.startswith(f"{found}.") for other in modules)}
        named = {found.rpartition(".")[0] for found in found if found not in paths}
        edges[name] = (modules - (packages - named)) & paths.keys() - {name}
    return edges


def cycles(edges: dict[str, set[str]]) -> Iterator[list[str]]:
    """The shortest way from a module back to itself, for each set of modules that all need each other."""
    needed = {name: reached(edges, name) for name in edges}
    done: set[str] = set()
    for start in sorted(edges):
        if start in needed[start] and start not in done:
            together = sorted(name for name in needed[start] if start in needed[name])
            done |= {*together}
            yield min((way_back(edges, name) for name in together), key=len)


def reached(edges: dict[str, set[str]], start: str) -> set[str]:
    """All that a module needs, itself too where it needs itself by a detour."""
    found: set[str] = set()
    left = [start]
    while left:
        new = edges[left.pop()] - found
        found |= new
        left += new
    return found


def way_back(edges: dict[str, set[str]], start: str) -> list[str]:
    """The shortest way from a module to itself, where there is one."""
    ways, passed = [[start]], set[str]()
    for way in ways:
        for after in sorted(edges[way[-1]] - passed):
            if after == start:
                return [*way, start]
            passed.add(after)
            ways.append([*way, after])
    raise AssertionError(f"no way leads from {start} back to it")


def test_no_module_imports_itself_by_a_detour() -> None:
    """No import cycles, wherever the import stands: what two modules need of each other belongs below both."""
    assert [" -> ".join(way) for way in cycles(graph())] == []


def test_an_import_cycle_is_found_and_shown() -> None:
    """Each once, by its shortest way, whichever of its modules comes first by name and however many ways there are."""
    edges = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"d2"}, "d2": {"d"}, "e": {"a"}}
    assert [*cycles(edges)] == [["a", "b", "c", "a"], ["d", "d2", "d"]]
    assert [*cycles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"c"}})] == [["c", "d", "c"]]
    assert graph()["ppa_assigner.worker"] > {"ppa_assigner.port", "ppa_assigner.clock"}


def is_there(module: str, name: str) -> bool:
    """Whether `from module import name` works."""
    try:
        return hasattr(import_module(module), name) or import_module(f"{module}.{name}") is not None
    except ModuleNotFoundError:
        return False


def test_what_scripts_in_tests_import_is_there() -> None:
    """Programs that tests run from a text are seen by no type checker: a name that moved is said here."""
    missing = []
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        for module, names in re.findall(
            r"^from (ppa_assigner[\w.]*) import ([\w, ]+)$", path.read_text(), re.MULTILINE
        ):
            imported_here = (each.split(" as ")[0].strip() for each in names.split(","))
            missing += [f"{path.name}: {module}.{name}" for name in imported_here if not is_there(module, name)]
    assert missing == []
    assert not is_there("ppa_assigner.worker", "Nothing")


OF_A_TUPLE = {"_asdict", "_fields", "_make", "_replace"}
"""What a NamedTuple has, and is not private."""
OF_OTHERS = {
    "bench/labgridloop.py": "measures a step of labgrid's that has no public name",
    "mutation/session.py": "reads what mutmut counted, and ends a process at once",
    "standin/test_launchpadlib.py": "closes the connections that launchpadlib leaves open",
    "standin/test_process.py": "closes the connections that launchpadlib leaves open",
    "systemd/hanging.py": "shows where threads are, for which Python has nothing else",
    "test_signals.py": "has urllib3 and queues run as a signal may find them",
}
"""Tests that reach a private name of a library's, and why."""


def privates(tree: ast.AST) -> Iterator[str]:
    """The private names that are reached from outside: of anything but `self` and `cls`, by a text, or imported."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name("self" | "cls")):
                continue
            case ast.Attribute(attr=name) | ast.Subscript(ast.Call(ast.Name("vars")), ast.Constant(str(name))):
                names = [name]
            case ast.ImportFrom():
                names = [alias.name for alias in node.names]
            case _:
                continue
        yield from (name for name in names if re.match("_[^_]", name) and name not in OF_A_TUPLE)


@cache
def reaching() -> set[str]:
    """The files of the tests that reach a private name."""
    tests = Path(__file__).parent
    return {str(p.relative_to(tests)) for p in tests.rglob("*.py") if any(privates(ast.parse(p.read_text())))}


def test_tests_reach_no_privates() -> None:
    """What a test needs to see has a public name; what is inside may change without a test that breaks."""
    assert reaching() - OF_OTHERS.keys() == set()


def test_the_list_of_those_that_do_has_no_file_too_many() -> None:
    """A test that was mended is taken out of it."""
    assert OF_OTHERS.keys() <= reaching()


def test_a_private_name_is_found_wherever_it_is_reached() -> None:
    """Of an object, of what a call returns, or imported; but not one's own, and not what a tuple has."""
    assert {*privates(ast.parse("a._b\nc()._d = 1\nfrom e import _f, g\nvars(h)['_i'] = j"))} == {
        "_b",
        "_d",
        "_f",
        "_i",
    }
    assert not [*privates(ast.parse("self._a\ncls._b\nc._replace(d=1)\ne.__class__\nimport __future__"))]
