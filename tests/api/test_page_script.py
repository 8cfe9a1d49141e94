"""The script of the page: what checks it, and that the types which it is checked by are those of the API."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.api.page import words
from ppa_assigner.api.page.rows import FACTS
from ppa_assigner.record import State
from ppa_assigner.views import Condition

from .. import needs
from .fakes import Served

ROOT = Path(__file__).parents[2]
STATIC = next(ROOT.glob("ppa_assigner/api/**/documents.d.ts")).parent
INTERFACE = re.compile(r"^export interface (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
MEMBER = re.compile(r"^  (\w+): (.*);$", re.MULTILINE)
CHECKERS = json.loads((ROOT / "package.json").read_text())["devDependencies"]


def interfaces() -> dict[str, dict[str, bool]]:
    """The members of each type, with whether they may be null."""
    text = (STATIC / "documents.d.ts").read_text()
    return {
        name: {member: "null" in re.split(r"\s*\|\s*", kind) for member, kind in MEMBER.findall(body)}
        for name, body in INTERFACE.findall(text)
    }


def members(schema: dict[str, Any]) -> dict[str, bool]:
    """The same, as the API's own schema says it."""
    return {
        name: any(each.get("type") == "null" for each in member.get("anyOf", ()))
        for name, member in schema["properties"].items()
    }


def test_the_types_have_the_members_of_the_schema(api: Served) -> None:
    """Of an event all, of a PPA those that the page needs; and null where the API may say null."""
    schemas = api.http.get("/openapi.json").json()["components"]["schemas"]
    assert interfaces()["Event"] == members(schemas["Event"])
    of_ppa = members(schemas["Ppa"])
    assert interfaces()["Facts"] == {**{name: of_ppa[name] for name in FACTS}, "rank": False}


def test_the_types_know_what_only_the_page_asks_for(api: Served) -> None:
    """/page/changes, which is not in the API's schema, and the states."""
    assert set(interfaces()["Changes"]) == set(api.http.get("/page/changes").json())
    states = re.search(r"^export type State = (.*);$", (STATIC / "documents.d.ts").read_text(), re.MULTILINE)
    assert states is not None
    assert set(re.findall(r'"(\w+)"', states[1])) == {state.value for state in State} == set(words.STATES)
    assert set(words.CONDITIONS) == {condition.value for condition in Condition} - {"ok"}


def test_no_version_of_a_checker_is_left_open() -> None:
    """And the list of what npm installs names no registry: it is whichever one npm is configured for."""
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in CHECKERS.values())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("integrity" in package and "resolved" not in package for name, package in locked.items() if name)
    assert {name: locked[f"node_modules/{name}"]["version"] for name in CHECKERS} == CHECKERS


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("", None),
        ('import { find } from "./elements.js";\nfind("#words").value;\n', "error TS2339: Property 'value'"),
        ("const unused = 1;\nlet never = 2;\nexport default never;\n", "lint/correctness/noUnusedVariables"),
    ],
    ids=["as it is", "a type that is wrong", "a variable that is not used"],
)
def test_the_script_is_linted_and_type_checked(tmp_path: Path, added: str, told: str | None) -> None:
    """By the configuration that `make lint-js` uses."""
    npm = needs.program("npm", "npm")
    if not (ROOT / "node_modules" / ".installed").exists():
        needs.lacking("needs npm's packages, which `make lint-js` installs")
    place = tmp_path / STATIC.relative_to(ROOT)
    shutil.copytree(STATIC, place, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("package.json", "tsconfig.json", "biome.json"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    if added:
        (place / "more.js").write_text(added)
    done = subprocess.run([npm, "run", "--silent", "lint"], cwd=tmp_path, capture_output=True, text=True, check=False)
    shown = done.stdout + done.stderr
    assert (done.returncode == 0) == (told is None), shown
    assert told is None or told in shown
