"""One name for one meaning: a class name is defined once in the whole package."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "ppa_assigner"

DOCUMENTS = {f"documents/{name}.py" for name in ("daemon", "leases", "line", "ppas", "uploads", "terms")}
"""They describe JSON documents, and call each what it shows: their names are those of the OpenAPI components."""

TWICE: Mapping[str, str] = {
    "Call": "one is the API's to its backend, the other is a part of the supervisor's inside",
    "Unavailable": "users of the client catch it by this name, and the port says it of Launchpad",
}
"""What is left, with the reason.  This list only gets shorter."""


def definitions() -> Mapping[str, list[str]]:
    """The modules that define each class name at their top, those of documents left out."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        if module not in DOCUMENTS:
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(module)
    return found


def test_a_document_of_the_api_is_defined_once() -> None:
    """In `documents`, for the server, its description and the client alike: neither of them has shapes of its own."""
    for path in [*(PACKAGE / "api").rglob("*.py"), *(PACKAGE / "client").rglob("*.py")]:
        bases = {ast.unparse(base) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)
                 for base in node.bases}  # fmt: skip
        assert not bases & {"TypedDict", "BaseModel"}, path


def test_no_class_name_has_two_meanings() -> None:
    """Whoever searches for a name finds one class; the stand-in's are Launchpad's own words or its own."""
    twice = {name: modules for name, modules in definitions().items() if len(modules) > 1}
    assert {name: modules for name, modules in twice.items() if name not in TWICE} == {}


def test_what_is_excused_is_still_there() -> None:
    """A name that one class has alone is not excused any more: take it out of the list."""
    found = definitions()
    assert [name for name in TWICE if len(found[name]) < 2] == []
