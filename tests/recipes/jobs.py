"""What the recipes for CI run: their steps, read out of them as the CI reads them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml

from .site import RECIPES

_TOKENS = re.compile(r"//[^\n]*|'''(?:.|\n)*?'''|'(?:\\.|[^'\\\n])*'|[{}()\[\]]|[^\s'{}()\[\]]+|\s+")
_SECTIONS = {"pipeline", "agent", "options", "environment", "stages", "stage", "steps", "post", "always", "failure"}


@dataclass(frozen=True)
class Job:
    """A script, and the variable that says who holds the PPA."""

    script: str
    owner: str

    def command(self, folder: Path) -> tuple[list[str], str]:
        """How its CI starts it: the command, and what that reads."""
        if self.owner == "OWNER":  # GitHub's default for `run`
            (folder / "step.sh").write_text(self.script)
            return ["bash", "-e", str(folder / "step.sh")], ""
        if self.owner == "CI_JOB_URL":  # the generated script comes by stdin, and evaluates the job's in a pipe
            return ["bash"], f"set -eo pipefail\n: | eval {shlex.quote(self.script)}\nexit 0\n"
        return ["sh", "-e", "-c", self.script], ""


def github() -> Job:
    """Its step."""
    document = yaml.safe_load((RECIPES / "github.yml").read_text())
    job = document["jobs"]["ppa"]
    assert set(job["env"]) == {"PPA_ASSIGNER_URL", "PPA_ASSIGNER_TOKEN", "OWNER"}
    (step,) = [step["run"] for step in job["steps"] if "run" in step]
    return Job(step, "OWNER")


def gitlab() -> Job:
    """Its script."""
    document = yaml.safe_load((RECIPES / "gitlab.yml").read_text())
    assert document["ppa"]["variables"] == {"PPA_ASSIGNER_URL": "https://ppas.example.com"}
    return Job("\n".join(document["ppa"]["script"]), "CI_JOB_URL")


def script() -> Job:
    """A job that calls upload.sh."""
    call = shlex.quote(str(RECIPES / "upload.sh"))
    return Job(f'exec {call} "$X" hello_*.changes -- ./test-packages', "X")


JOBS = {"github": github, "gitlab": gitlab, "script": script}


def jenkins() -> tuple[list[str], str]:
    """The steps of a pipeline's stages, and the one that `post` has."""
    steps = blocks((RECIPES / "Jenkinsfile").read_text())
    (last,) = [script for block, script in steps if block == "always"]
    return [script for block, script in steps if block != "always"], last


def blocks(text: str) -> list[tuple[str, str]]:
    """Each `sh` step with the block it is in.  Fails for what is no sequence of words, texts and balanced brackets."""
    assert "".join(_TOKENS.findall(text)) == text
    words = [t for t in _TOKENS.findall(text) if not t.isspace() and not t.startswith("//")]
    open_: list[str] = []
    found: list[tuple[str, str]] = []
    pairs = {"}": "{", ")": "(", "]": "["}
    for before, word in zip(["", *words], words, strict=False):
        if word in pairs.values():
            name = before if before in _SECTIONS else (open_[-1][1:] if open_ else "")
            open_.append(word + name)
        elif word in pairs:
            assert open_.pop()[0] == pairs[word], text
        elif before == "sh":
            found.append((open_[-1][1:], word.strip("'") if word.startswith("'''") else word[1:-1]))
    assert not open_
    return [(block, re.sub(r"\\(.)", r"\1", script)) for block, script in found]
