"""What documents, code and tests refer to is there: a rename or a lost section is noticed."""

from __future__ import annotations

import re

import pytest

from ..explore.mutants import MUTANTS
from . import diagram, references
from .references import ROOT, anchors, documents, named, prose, sources, text_of

PROTOCOL = ROOT / "docs" / "explanation" / "protocol.md"
LAUNCHPAD = PROTOCOL.with_name("launchpad.md")
INVARIANTS = [f"I{number}" for number in range(1, 10)]
OUTSIDE = re.compile(
    r"launchpad-(?:facts|measured|newer)|client-facts|design(?:-next)?\.md|house\.md|\bdesign, sections?\b|seed\.md"
)
"""How documents were cited that are not in the repository."""
UNNOTICED = {"nothing yet |"}
"""What stands in a searched rule's row if nothing notices that it is left out."""
ELSEWHERE = {"_PPA_ASSIGNER_COMPLETE"}
"""What libraries name."""


def test_links_between_documents_lead_somewhere() -> None:
    """Files and anchors."""
    assert list(references.links()) == []


def test_citations_lead_somewhere() -> None:
    """Code cites a document as `docs/…/x.md#anchor`."""
    assert list(references.citations()) == []


def test_paths_and_tests_that_documents_name_are_there() -> None:
    """A module that was renamed is renamed in the documents too."""
    assert list(references.paths()) == []


def test_mutants_that_documents_name_are_tried() -> None:
    """By the name that the exploration tries them under."""
    known = {mutant.name for mutant in MUTANTS}
    assert [one for one in references.mutants() if one.what not in known] == []


def test_names_that_documents_take_from_the_code_are_there() -> None:
    """Somewhere in the code: constants, variables, and in the explanations classes."""
    words = ELSEWHERE | set(re.findall(r"\w+", " ".join(map(text_of, sources()))))
    assert [one for one in (*references.constants(), *references.classes()) if one.what not in words] == []


def test_nothing_outside_the_repository_is_cited() -> None:
    """What code rests on can be read in docs/."""
    files = {*sources(), *documents()} - {ROOT / "tests" / "docs" / "test_references.py"}
    assert [(named(path), found[0]) for path in sorted(files) if (found := OUTSIDE.search(text_of(path)))] == []


def test_a_document_has_each_anchor_once() -> None:
    """Else a link leads to the first one only."""
    ours = [path for path in documents() if "explanation" in path.parts]
    assert [named(path) for path in ours if len(anchors(path)) != len(set(anchors(path)))] == []


def test_each_fact_of_launchpad_is_leant_on_and_says_how_it_is_known() -> None:
    """What nobody cites may go; what was only believed has no place there."""
    facts = prose(LAUNCHPAD).split("\n### ")[1:]
    elsewhere = "\n".join(text_of(path) for path in {*sources(), *documents()} - {LAUNCHPAD})
    names = [references.slug(fact.partition("\n")[0]) for fact in facts]
    assert len(names) > 30
    assert [one for one in names if not re.search(rf"launchpad\.md#{one}(?![\w-])", elsewhere)] == []
    assert [one for one, fact in zip(names, facts, strict=True) if not re.search(r"\*(?:Read|Measured)\b", fact)] == []


@pytest.mark.parametrize("name", INVARIANTS)
def test_each_invariant_names_a_mutant_and_a_test(name: str) -> None:
    """So that it is known what shows it."""
    section = prose(PROTOCOL).partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    assert references.MUTANT.search(section)
    assert references.TEST.search(section)


def test_invariants_are_those_of_the_protocol() -> None:
    """By their numbers, in code, tests and documents."""
    assert {one.what for one in references.invariants()} <= set(INVARIANTS)


def test_each_searched_rule_names_its_code_and_what_shows_it() -> None:
    """A row: the rule, the file and the function that keep it, and a mutant or a test; all of them are there."""
    section = prose(PROTOCOL).partition("\n## Rules that a search showed\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 25
    for _, kept_by, shown_by in rows:
        file, function = re.findall(r"`([^`]+)`", kept_by)
        assert f"def {function}(" in text_of(ROOT / file)
        assert references.MUTANT.search(shown_by) or references.TEST.search(shown_by) or shown_by in UNNOTICED


def test_mutants_say_where_their_rule_is_explained() -> None:
    """An anchor of the explanation."""
    wrong = [m.name for m in MUTANTS if references.dangling(PROTOCOL, m.where, ROOT) or "#" not in m.where]
    assert wrong == []


def test_the_picture_of_a_ppas_life_is_what_the_table_draws() -> None:
    """`python -m tests.docs.diagram` draws it."""
    assert diagram.FILE.read_text() == diagram.picture()
