"""What the tables of README and docs claim is true of the code."""

from __future__ import annotations

import json
import os
import re
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from ppa_assigner import client
from ppa_assigner.automaton.transitions import LEGAL
from ppa_assigner.cli import manual, options
from ppa_assigner.cli.commands import COMMANDS
from ppa_assigner.cli.parameters import declared
from ppa_assigner.cli.wish_options import WishOptions
from ppa_assigner.config import load
from ppa_assigner.config.schema import ConfigFile
from ppa_assigner.documents import Wish
from ppa_assigner.options import PoolOptions
from ppa_assigner.problems import Kind
from ppa_assigner.record import PREFIX, Deleter, GroupClaim, Rank, Record, State, encode
from ppa_assigner.reference import Reference
from ppa_assigner.views import Condition

from ..test_layout import graph
from . import problems
from .pages import README, ROOT, page, pages, table

BEHAVIOUR = "docs/reference/behaviour.md"
LEAD = Reference("a", "ubuntu", "b")
WHEN = "| when | then | shown by |"

CREDENTIALS = "[1]\nconsumer_key = x\nconsumer_secret = \naccess_token = y\naccess_secret = z\n\n"


def test_the_life_of_a_ppa_is_the_automatons_table() -> None:
    """Each move and each reason for it, and no other."""
    claimed = {(a, b, why) for a, b, reasons in table("| from | to | when |") for why in reasons.split(", ")}
    real = {
        (before.value if before else "no record", after.value, reason.value)
        for reason, moves in LEGAL.items()
        for before, after in moves
        if before is not after
    }
    assert claimed == real


def test_the_fields_of_a_record_are_those_of_the_code() -> None:
    """Each field, and in which states it is written; those of every state are the ones that a record must have."""
    claimed = {row[0]: row[1] for row in table("| field | in | says |")}
    always = {name for name, where in claimed.items() if where == "every state"}
    assert set(claimed) == {"v", *(field.name for field in fields(Record))}
    assert always == {"v", *(field.name for field in fields(Record) if field.default is MISSING)}
    for state in State:
        written = {
            name
            for group in ({"lead": LEAD}, {"members": (LEAD,)})
            for name in json.loads(encode(full_record(state, {"group": "g", **group})).removeprefix(PREFIX))
        }
        of_state = {name for name, where in claimed.items() if state.value in where.replace(",", " ").split()}
        assert of_state | always <= written
        assert state is not State.DISCARDED or written == of_state | always | {"leases"}


def full_record(state: State, group: dict[str, Any]) -> Record:
    """One that says whatever a record of that state can say, in a group."""
    now = datetime(2026, 11, 25, tzinfo=UTC)
    return Record(
        serial=1, nonce="n", state=state, since=now, touched=now, pool="p", until=now, owner="o", lease="l",
        request="r", idle=60, by="b", note="n", uploader="~u", select="a=b", held=True, tries=1, fault="f",
        quarantined="q", cleaner="c", clock="host", told=False, began=now, published=True, leases=1,
        warned=now, made=True, claim=GroupClaim("g", LEAD, Rank(1, "b", "r"), now), why="w",
        deleter=Deleter("d", now), want="w", **group,
    )  # fmt: skip


def test_all_modules_of_the_automaton_are_explained() -> None:
    """Each has its row."""
    modules = {path.stem for path in (ROOT / "ppa_assigner" / "automaton").glob("*.py")} - {"__init__"}
    assert {row[0] for row in table("| module | is about |")} == modules


def test_all_modules_of_the_supervisor_are_explained() -> None:
    """Each has its row, in the machine or around it, which names classes that it defines."""
    folder, rows = ROOT / "ppa_assigner" / "supervisor", table("| file | class | does |")
    named_files = [row[0] for row in (*rows, *table("| file | is about |"))]
    assert sorted(named_files) == sorted({path.name for path in folder.glob("*.py")} - {"__init__.py"})
    named = {file: set(re.findall(r"\w+", classes)) for file, classes, _ in rows}
    assert {
        file: names - defined(folder / file) for file, names in named.items() if names - defined(folder / file)
    } == {}


def test_the_machines_files_stand_above_those_that_they_call() -> None:
    """Each imports, of the supervisor's modules, only those below its row."""
    files = [row[0].removesuffix(".py") for row in table("| file | is about |")]
    package = "ppa_assigner.supervisor."
    used = {
        name.removeprefix(package): {one.removeprefix(package) for one in imports if one.startswith(package)}
        for name, imports in graph().items()
        if name.startswith(package)
    }
    assert {file: used[file] - {*files[number + 1 :]} for number, file in enumerate(files)} == {
        file: set() for file in files
    }


def test_all_modules_of_the_stand_in_are_on_its_map() -> None:
    """Each is named in a row, and each that is named is there."""
    rows = table("| to change | files in `ppa_assigner/standin` |")
    modules = {path.name for path in (ROOT / "ppa_assigner" / "standin").glob("*.py")} - {"__init__.py"}
    assert {name for row in rows for name in re.findall(r"\w+\.py", row[1])} == modules


def defined(path: Path) -> set[str]:
    """The classes of a module."""
    return set(re.findall(r"^class (\w+)", path.read_text(), re.MULTILINE))


def test_all_conditions_are_explained() -> None:
    """Each condition has its row."""
    assert {row[0] for row in table("| condition | means |")} == {condition.value for condition in Condition}


def test_what_happens_when_is_shown_by_tests_that_exist() -> None:
    """Each row names a function of a test file."""
    named = [row[2].split("::") for row in table(WHEN, BEHAVIOUR)]
    assert len(named) > 20
    missing = [(file, name) for file, name in named if f"\ndef {name}(" not in (ROOT / "tests" / file).read_text()]
    assert missing == []


def test_the_readme_shows_ten_of_these_rows() -> None:
    """Word for word."""
    assert len(table(WHEN, README)) == 10
    assert [row for row in table(WHEN, README) if row not in table(WHEN, BEHAVIOUR)] == []


def test_exit_codes_are_those_of_the_command_line() -> None:
    """The numbers stand in the code under these meanings."""
    errors = client.errors
    real = {0, os.EX_USAGE, os.EX_SOFTWARE, os.EX_CONFIG, os.EX_UNAVAILABLE}
    real |= {errors.Unavailable.exit_code, errors.NoneFree.exit_code, errors.NotPermitted.exit_code}
    real |= {errors.NotAccepted.exit_code}
    assert {int(row[0]) for row in table("| code | means |")} == real


def test_the_keys_of_the_file_are_those_of_the_configuration() -> None:
    """Each section that a file may have has its row."""
    assert [row[0] for row in table("| key | has |")] == list(ConfigFile.model_fields)


def test_defaults_of_a_pool_are_those_of_the_code(tmp_path: Path) -> None:
    """Read by the configuration itself, the documented defaults give what a pool without options gets."""
    claimed = {name: yaml.safe_load(value) for name, value, _ in table("| option of a pool | default | means |")}
    (tmp_path / "c").write_text(CREDENTIALS)
    file = tmp_path / "ppas.yaml"
    pool = {"ppas": ["~a/ubuntu/b"], **claimed}
    file.write_text(yaml.safe_dump({"pools": {"default": pool}, "launchpad": {"credentials": "c"}}))
    pool_as_read = load(file).pools["default"]
    assert (pool_as_read.options, pool_as_read.labels) == (PoolOptions(), {})
    assert set(claimed) == {*PoolOptions.__dataclass_fields__, "labels"}


@pytest.mark.parametrize("section", ["launchpad", "api"])
def test_other_defaults_are_those_of_the_code(tmp_path: Path, section: str) -> None:
    """The same for the sections `launchpad` and `api`."""
    claimed = {row[0]: row[1] for row in table(f"| option of `{section}` | default |")}
    given = {k: yaml.safe_load(v) for k, v in claimed.items() if not v.startswith(("none", "$"))}
    (tmp_path / "c").write_text(CREDENTIALS)
    base = {"ppas": ["~a/ubuntu/b"], "launchpad": {"credentials": "c"}}
    plain, full = tmp_path / "plain.yaml", tmp_path / "full.yaml"
    plain.write_text(yaml.safe_dump(base))
    full.write_text(yaml.safe_dump({**base, section: {**base.get(section, {}), **given}}))  # type: ignore[dict-item]
    assert load(full) == load(plain)


def test_slugs_are_those_of_problems() -> None:
    """No answer is named that the daemon does not give."""
    answers = [row[2] for row in table("| call | does | answers |")]
    named = {slug for text in answers for slug in re.findall(r"`?([a-z]+(?:-[a-z]+)+|invalid)`?", text)}
    assert {"none-free", "lease-over", "wrong-state"} <= named
    assert named <= {kind.value for kind in Kind}


def test_commands_that_are_used_exist() -> None:
    """`ppa-assigner NAME` in an example is a command."""
    used = {
        name
        for text in pages().values()
        for name in re.findall(r"(?:^|[ `(])ppa-assigner ([a-z-]+)(?![a-z0-9-])", text, re.M)
    }
    known = {name.removeprefix("ppa-assigner-").removesuffix(".1") for name in manual.pages()} - {"ppa-assigner"}
    assert {"assign", "exec"} < used <= known
    assert {row[0] for row in table("| command | does |")} == known


def test_each_command_stands_beside_its_like_elsewhere() -> None:
    """One row each, in the order of the help; each names commands of those programs, or nothing, and a reason."""
    programs = ("kubectl", "gh", "labgrid-client")
    rows = table(f"| ours | {' | '.join(programs)} | where ours differs, and why |")
    assert [row[0] for row in rows] == list(COMMANDS)
    for ours, *theirs, why in rows:
        assert len(why.split()) >= 4, ours
        for program, nearest in zip(programs, theirs, strict=True):
            assert nearest == "-" or nearest.startswith(f"{program} "), (ours, nearest)


def test_forms_of_output_are_those_of_the_command_line() -> None:
    """In the order of the help."""
    assert [row[0] for row in table("| `-o` | prints |")] == [form.value for form in options.Form]


def test_make_targets_that_are_used_exist() -> None:
    """`make NAME` is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    used = {name for text in pages().values() for name in re.findall(r"(?:^|`|' )make ([a-z]+)(?:$|`| +#)", text, re.M)}
    assert {"demo", "test"} <= used
    assert all(f"\n{target}:" in makefile for target in used)


def test_where_versions_are_promised_files_are_not() -> None:
    """Launchpad refuses a file of a name that it had with other content: nobody may think that this is looked for."""
    after = page("docs/how-to/ci.md").partition("a version that a PPA once had never again")[2].partition("\n#")[0]
    (option,) = (what for name, _, what in declared(WishOptions) if name == "source")
    field = TypeAdapter(Wish).json_schema()["properties"]["sources"]["description"]
    assert all("file" in str(text) for text in (after, option.facts["help"], field))


def test_problems_are_explained_as_the_daemon_explains_them() -> None:
    """`python -m tests.docs.problems` writes the page anew."""
    assert page(problems.PAGE) == problems.text()
