"""Clients of a configuration that are known by tokens of an issuer: what the file means, and each mistake in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from ppa_assigner.access import ClientConfig, Role
from ppa_assigner.config import describe, find_warnings, json_schema, load
from ppa_assigner.config.client_checks import pyjwt_lacking
from ppa_assigner.identity import ClaimRule, OidcRules, Template

from .docs.blocks import block
from .test_config import DIGEST, ONE, loaded, mistakes

GITHUB = "https://token.actions.githubusercontent.com"
OIDC = f"oidc: {{issuer: '{GITHUB}', audience: a, claims: {{repository_id: 1}}}}"


@pytest.fixture(name="environ")
def _environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "launchpad").write_text("[1]\n")
    return {"CREDENTIALS_DIRECTORY": str(tmp_path)}


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / "ppas.yaml"


def clients(*lines: str) -> str:
    """A file with these clients, the first in line 4."""
    return ONE + "api:\n  clients:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def test_everything_of_a_client(file: Path, environ: dict[str, str]) -> None:
    """Values of claims are texts, as tokens have them; the file is relative to the configuration's folder."""
    (file.parent / "ca.pem").write_text("x")
    text = """
api:
  clients:
    - name: github
      oidc:
        issuer: https://token.actions.githubusercontent.com
        audience: ppa-assigner
        claims: {repository_id: 12, ref_protected: true, ref: [refs/heads/*, "refs/tags/v[0-9]*"]}
        ca_file: ca.pem
      owner: "{repository}/runs/{run_id}"
      request: "{repository_id}.{check_run_id}"
      role: "{ppa_role}"
"""
    (client,) = loaded(file, ONE + text, environ).api.clients
    rules = (
        ClaimRule("repository_id", ("12",)),
        ClaimRule("ref_protected", ("true",)),
        ClaimRule("ref", ("refs/heads/*", "refs/tags/v[0-9]*")),
    )
    assert client == ClientConfig(
        "github", None, oidc=OidcRules(GITHUB, "ppa-assigner", rules, file.parent / "ca.pem"),
        owner=Template("{repository}/runs/{run_id}"), request=Template("{repository_id}.{check_run_id}"),
        role=Role.CLIENT, role_claim=Template("{ppa_role}"),
    )  # fmt: skip
    assert f"clients github (role by {{ppa_role}}, tokens of {GITHUB})" in describe(load(file, environ))
    assert jsonschema_rs.validator_for(json_schema()).is_valid(yaml.safe_load(ONE + text))


MISTAKES: Mapping[str, tuple[str, str]] = {
    "by nothing": ("name: x", "token_sha256: this is missing; every client needs it, or oidc"),
    "by both": (
        f"name: x, token_sha256: {DIGEST}, {OIDC}",
        "oidc: not beside token_sha256 (line 4); a client is known by one of them",
    ),
    "no issuer": ("name: x, oidc: {audience: a, claims: {a: b}}", "oidc.issuer: this is missing; every oidc needs it"),
    "no audience": (
        "name: x, oidc: {issuer: 'https://i.example', claims: {a: b}}",
        "oidc.audience: this is missing; every oidc needs it",
    ),
    "plain http": (
        "name: x, oidc: {issuer: 'http://i.example', audience: a, claims: {a: b}}",
        "oidc.issuer: 'http://i.example' is not an issuer; write what its tokens have as iss, like https://…",
    ),
    "no claim": (
        "name: x, oidc: {issuer: 'https://i.example', audience: a}",
        "oidc.claims: name at least one claim: without any, every job of the issuer may call",
    ),
    "a claim of nothing": (
        "name: x, oidc: {issuer: 'https://i.example', audience: a, claims: {a: []}}",
        "oidc.claims.a: expects a value, a pattern like acme/*, or a list of 1 to 100 of these",
    ),
    "claims as a list": (
        "name: x, oidc: {issuer: 'https://i.example', audience: a, claims: [a]}",
        "oidc.claims: expects claims, like {repository_id: 123}, not a list",
    ),
    "a pattern": (
        "name: x, oidc: {issuer: 'https://i.example', audience: a, claims: {a: 'b[c'}}",
        "oidc.claims.a: 'b[c' opens a '[' and never closes it; write [[] for the character itself",
    ),
    "a file that is not there": (
        "name: x, oidc: {issuer: 'https://i.example', audience: a, claims: {a: b}, ca_file: /nowhere.pem}",
        "oidc.ca_file: /nowhere.pem does not exist; name a file with certificates that this user can read",
    ),
    "an unknown key": (
        "name: x, oidc: {issuer: 'https://i.example', audience: a, claims: {a: b}, issuers: 1}",
        "oidc.issuers: this key is unknown; did you mean issuer?",
    ),
    "an owner without braces": (
        f"name: x, {OIDC}, owner: me",
        "owner: 'me' needs at least one claim in braces, like {run_id}, and no other braces",
    ),
    "a stray brace": (
        f"name: x, {OIDC}, owner: '{{a}}}}'",
        "owner: '{a}}' needs at least one claim in braces, like {run_id}, and no other braces",
    ),
    "claims side by side": (
        f"name: x, {OIDC}, request: '{{a}}{{b}}'",
        "request: '{a}{b}' has claims side by side, so two jobs may look alike; write '.' there",
    ),
    "a request with a slash": (
        f"name: x, {OIDC}, request: '{{a}}/{{b}}'",
        "request: '{a}/{b}' has a character that no request id has; between claims write '.'",
    ),
    "an owner of claims without tokens": (
        f"name: x, token_sha256: {DIGEST}, owner: '{{a}}'",
        "owner: is made of claims, so it needs oidc",
    ),
    "a role of a claim without tokens": (
        f"name: x, token_sha256: {DIGEST}, role: '{{a}}'",
        "role: is a claim, so it needs oidc; write client or operator",
    ),
    "a role of two claims": (
        f"name: x, {OIDC}, role: '{{a}}{{b}}'",
        "role: '{a}{b}' is not one claim in braces, which says client or operator",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_each_mistake_is_told_once_with_its_line(file: Path, environ: dict[str, str], case: str) -> None:
    """What is wrong, where, and what to write."""
    line, message = MISTAKES[case]
    assert mistakes(file, clients(line), environ) == [(4, f"api.clients[0].{message}")]


def test_an_issuer_is_trusted_in_one_way(file: Path, environ: dict[str, str]) -> None:
    """Its keys are read once for all clients."""
    (file.parent / "ca.pem").write_text("x")
    other = OIDC.replace("claims:", "ca_file: ca.pem, claims:")
    found = mistakes(file, clients(f"name: x, {OIDC}", f"name: y, {other}"), environ)
    assert found == [
        (5, "api.clients[1].oidc.ca_file: the same issuer is in line 4 with another ca_file; write it alike")
    ]


def test_what_may_not_be_meant(file: Path, environ: dict[str, str]) -> None:
    """Jobs that are not kept apart, and names that others may take."""
    whole = "owner: '{repository}/{run_id}', request: '{check_run_id}', role: operator"
    assert find_warnings(loaded(file, clients(f"name: x, {OIDC}, {whole}"), environ)) == []
    named = OIDC.replace("repository_id: 1", "repository: acme/x")
    found = find_warnings(loaded(file, clients(f"name: x, {named}, role: '{{r}}'"), environ))
    assert [warning.partition(",")[0] for warning in found] == [
        "api.clients: x has no owner",
        "api.clients: x has no request",
        "api.clients: x trusts names",
    ]


def test_the_library_is_there() -> None:
    """What the extra brings; `check-config` says so where it is not."""
    assert pyjwt_lacking() is None


def test_the_docs_show_clients_that_are_right(file: Path, environ: dict[str, str]) -> None:
    """Each example is read as it stands there, and says all that keeps jobs apart."""
    shown = (
        block("clients:\n  - name: github"), block("clients:\n  - name: gitlab"), block("clients:\n  - name: cluster"),
    )  # fmt: skip
    for text in shown:
        api = {"api": yaml.safe_load(text)}
        found = loaded(file, ONE + yaml.safe_dump(api), environ)
        assert [warning for warning in find_warnings(found) if "operator" not in warning] == []
