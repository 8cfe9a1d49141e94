"""The configuration: what a good file means, and that every mistake is told once, with its line and a cure."""

from __future__ import annotations

import dataclasses
import os
import re
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from pydantic import BaseModel

from ppa_assigner.access import ClientConfig, Role
from ppa_assigner.config import (
    ApiSettings,
    ConfigError,
    LaunchpadSettings,
    Listen,
    Pool,
    Settings,
    credentials_path,
    describe,
    json_schema,
    load,
    seconds,
)
from ppa_assigner.config.client_schema import ClientSection, OidcSection
from ppa_assigner.config.schema import (
    ApiSection,
    AsNewSection,
    BaselineSection,
    ConfigFile,
    GrowSection,
    LaunchpadSection,
    OrderSection,
    PoolSection,
    PpaSection,
    RetrySection,
    SocketSection,
    TimeoutSection,
    TlsSection,
)
from ppa_assigner.config.validation import models_in
from ppa_assigner.identity import OidcRules
from ppa_assigner.options import Baseline, PoolOptions, Proof, Retry
from ppa_assigner.reference import Reference
from ppa_assigner.times import exactly

SHIPPED = Path(__file__).parent.parent / "config" / "ppas.yaml"
DIGEST = "0123456789abcdef" * 4
ONE = 'ppas: ["~a/ubuntu/x"]\n'


@pytest.fixture(name="environ")
def _environ(tmp_path: Path) -> dict[str, str]:
    """What systemd gives: a directory with the file `launchpad`."""
    directory = tmp_path / "credentials"
    directory.mkdir()
    (directory / "launchpad").write_text("[1]\n")
    return {"CREDENTIALS_DIRECTORY": str(directory)}


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / "ppas.yaml"


def loaded(file: Path, text: str | bytes, environ: Mapping[str, str]) -> Settings:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(file, environ)


def mistakes(file: Path, text: str | bytes, environ: Mapping[str, str]) -> list[tuple[int, str]]:
    with pytest.raises(ConfigError) as caught:
        loaded(file, text, environ)
    assert {mistake.file for mistake in caught.value.mistakes} == {str(file)}
    return [(mistake.line, mistake.message) for mistake in caught.value.mistakes]


def ppas(*names: str) -> tuple[Reference, ...]:
    return tuple(Reference("a", "ubuntu", name) for name in names)


# -- good files ---------------------------------------------------------------------------------------------------


def test_short_form_is_one_pool_with_the_defaults_of_the_contract(file: Path, environ: dict[str, str]) -> None:
    """A list of PPAs is all that is required, and everything else is as documented."""
    found = loaded(file, ONE, environ)
    assert list(found.pools) == ["default"]
    pool = found.pools["default"]
    assert (pool.name, pool.ppas) == ("default", ppas("x"))
    assert pool.options == PoolOptions(
        ttl=8 * 3600, max_ttl=7 * 86400, max_hold=3 * 86400, idle=None, verify_age=60, settle=300, proof=Proof.ACTIVE,
        max_tries=5, retry=Retry(5, 600), baseline=Baseline(), grant_upload=False, create=False,
    )  # fmt: skip
    launchpad = found.launchpad
    assert (launchpad.service, launchpad.version) == ("https://api.launchpad.net/", "devel")
    assert (launchpad.look_every, launchpad.connect, launchpad.read, launchpad.total) == (60, 5, 30, 60)
    assert (launchpad.connections, launchpad.credentials) == (16, None)
    assert (found.api.listen, found.api.clients, found.retire) == (Listen("127.0.0.1", 8020), (), ())
    assert found.name == socket.gethostname()


EVERYTHING = f"""\
pools:
  default:
    ppas: ["~a/ubuntu/x-{{08..11}}", ppa:a/y, ppa:a/debian/z, "%7Ea/ubuntu/w"]
    ttl: 90m
    max_ttl: 1d
    max_hold: 0
    idle: 600
    verify_age: null
    settle: 1.5h
    proof: disk
    max_tries: 1
    retry: {{first: 500ms, max: 1}}
    baseline:
      dependencies: [ubuntu, ubuntu/partner, ppa:b/dep]
      processors: [amd64, arm64]
      publish: yes
      build_debug_symbols: false
      publish_debug_symbols: true
      displayname: "Pöol: one"
      uploaders: ["~team"]
    grant_upload: true
    create: true
  4.2: {{ppas: ["~a/ubuntu/pool-{{1..2}}-{{1..2}}"]}}
retire: ["~a/ubuntu/old"]
launchpad:
  service: HTTP://127.0.0.1:8085/api
  version: devel
  credentials: keys/launchpad
  look_every: 2.5
  timeout: {{connect: 1, read: 2s, total: "3"}}
  connections: 2
api:
  listen: "[::]:0"
  clients:
    - {{name: jenkins, token_sha256: {DIGEST.upper()}}}
    - {{name: ann, token_sha256: {"f" * 64}, role: operator, owners: ["ci-*", "[ab]?"]}}
name: build-host-1
"""


def test_everything_set(file: Path) -> None:
    """Each option is read as what it means: durations in seconds, names in one form, paths from the file's folder."""
    (file.parent / "keys").mkdir()
    (file.parent / "keys" / "launchpad").write_text("x")
    found = loaded(file, EVERYTHING, {})
    pool = found.pools["default"]
    assert pool.ppas == (*ppas("x-08", "x-09", "x-10", "x-11", "y"), Reference("a", "debian", "z"), *ppas("w"))
    assert pool.options == PoolOptions(
        ttl=5400, max_ttl=86400, max_hold=0, idle=600, verify_age=None, settle=5400, proof=Proof.DISK, max_tries=1,
        retry=Retry(0.5, 1), grant_upload=True, create=True,
        baseline=Baseline(("ubuntu", "ubuntu/partner", "~b/ubuntu/dep"), ("amd64", "arm64"), True, False, True,
                          "Pöol: one", ("~team",)),
    )  # fmt: skip
    assert found.pools["4.2"].ppas == ppas("pool-1-1", "pool-1-2", "pool-2-1", "pool-2-2")
    assert found.retire == ppas("old")
    launchpad = found.launchpad
    assert launchpad.service == "http://127.0.0.1:8085/api/"
    assert (launchpad.look_every, launchpad.connect, launchpad.read, launchpad.total) == (2.5, 1, 2, 3)
    assert (launchpad.connections, launchpad.credentials) == (2, file.parent / "keys" / "launchpad")
    assert found.api.listen == Listen("::", 0)
    assert found.api.clients == (
        ClientConfig("jenkins", DIGEST, Role.CLIENT, ()),
        ClientConfig("ann", "f" * 64, Role.OPERATOR, ("ci-*", "[ab]?")),
    )
    assert found.name == "build-host-1"


def test_settings_cannot_be_changed(file: Path, environ: dict[str, str]) -> None:
    """A reload makes new settings; nobody changes those that threads read."""
    found = loaded(file, ONE, environ)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.name = "other"  # type: ignore[misc]  # that it is refused is the point
    with pytest.raises(TypeError):
        found.pools["new"] = found.pools["default"]  # type: ignore[index]  # likewise


@pytest.mark.parametrize(
    ("section", "kind", "others"),
    [
        (PoolSection, PoolOptions, {"ppas", "labels"}),
        (PpaSection, Pool, {"ppa"}),
        (RetrySection, Retry, set()),
        (BaselineSection, Baseline, set()),
        (ClientSection, ClientConfig, set()),
        (OidcSection, OidcRules, set()),
        (LaunchpadSection, LaunchpadSettings, {"timeout"}),
        (TimeoutSection, LaunchpadSettings, set()),
        (ApiSection, ApiSettings, {"socket"}),
        (SocketSection, Listen, set()),
    ],
)
def test_every_option_has_its_place_in_the_settings(section: type[BaseModel], kind: type, others: set[str]) -> None:
    """Options are handed on by their names: one that the settings lack would be read and then forgotten."""
    assert set(section.model_fields) - {field.name for field in dataclasses.fields(kind)} == others


def test_labels_of_pools_and_of_some_of_their_ppas(file: Path, environ: dict[str, str]) -> None:
    """A PPA has the pool's labels, but for those that its item says otherwise; the short form has items too."""
    text = """
pools:
  p:
    labels: {size: small, example.com/team: core}
    ppas:
      - "~a/ubuntu/x-{1..2}"
      - ppa: "~a/ubuntu/big-{1..2}"
        labels: {size: big, gpu: ""}
      - {ppa: "~a/ubuntu/y"}
"""
    pool = loaded(file, text, environ).pools["p"]
    assert pool.ppas == ppas("x-1", "x-2", "big-1", "big-2", "y")
    small = {"size": "small", "example.com/team": "core"}
    assert [pool.labels_of(ppa) for ppa in ppas("x-1", "big-2", "y")] == [
        small,
        small | {"size": "big", "gpu": ""},
        small,
    ]
    pool = loaded(file, 'ppas: [{ppa: "~a/ubuntu/x", labels: {a: "1"}}, "~a/ubuntu/y"]', environ).pools["default"]
    assert [pool.labels_of(ppa) for ppa in ppas("x", "y")] == [{"a": "1"}, {}]


@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("~a/ubuntu/x-{001..020}", "x-001", "x-020", 20),
        ("~a/ubuntu/x-{8..010}", "x-008", "x-010", 3),
        ("~a/ubuntu/x-{0..10}", "x-0", "x-10", 11),
        ("~a/ubuntu/x-{5..5}", "x-5", "x-5", 1),
        ("ppa:a/{1..9}y{1..9}", "1y1", "9y9", 81),
        ("~a/ubuntu/x{1..10000}", "x1", "x10000", 10_000),
    ],
)
def test_ranges(file: Path, environ: dict[str, str], text: str, first: str, last: str, count: int) -> None:
    """A range counts as a shell's does: zeros are kept, several ranges multiply."""
    found = loaded(file, f'ppas: ["{text}"]\n', environ).pools["default"].ppas
    assert (found[0], found[-1], len(found)) == (*ppas(first, last), count)


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("production", "https://api.launchpad.net/"),
        ("staging", "https://api.staging.launchpad.net/"),
        ("qastaging", "https://api.qastaging.launchpad.net/"),
        ("http://localhost:8085", "http://localhost:8085/"),
        ("https://lp.example/api//", "https://lp.example/api/"),
        ("http://[::1]:80/", "http://[::1]:80/"),
    ],
)
def test_services(file: Path, environ: dict[str, str], given: str, root: str) -> None:
    """A service is a root that ends in one slash, whatever form it was given in."""
    assert loaded(file, f"{ONE}launchpad: {{service: '{given}'}}\n", environ).launchpad.service == root


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ("localhost:1", Listen("localhost", 1)),
        ("127.8.9.10:65535", Listen("127.8.9.10", 65535)),
        ("[::1]:8020", Listen("::1", 8020)),
        ("unix:/run/x.sock", Listen(path="/run/x.sock")),
    ],
)
def test_addresses_that_need_no_clients(file: Path, environ: dict[str, str], given: str, where: Listen) -> None:
    """Who is on this host may do all: no clients are needed, and the address is shown as it was written."""
    found = loaded(file, f"{ONE}api: {{listen: '{given}'}}\n", environ)
    assert (found.api.listen, str(found.api.listen)) == (where, given)


def test_aliases_and_merges(file: Path, environ: dict[str, str]) -> None:
    """Pools can share options by YAML's own means; what a pool sets itself wins."""
    text = (
        'pools:\n  a: &a {ppas: ["~a/ubuntu/x"], ttl: 1h, idle: 60}\n  b: {<<: *a, ppas: ["~a/ubuntu/y"], ttl: 2h}\n'
        '  c: {<<: [{idle: 9}, *a], ppas: ["~a/ubuntu/z"]}\n'
    )
    pools = loaded(file, text, environ).pools
    assert [(pool.options.ttl, pool.options.idle) for pool in pools.values()] == [(3600, 60), (7200, 60), (3600, 9)]
    assert [pool.ppas for pool in pools.values()] == [ppas("x"), ppas("y"), ppas("z")]


def test_keys_of_the_authors_own_hold_anchors(file: Path, environ: dict[str, str]) -> None:
    """At the top, where nothing is a pool: what they hold is not looked at."""
    text = (
        "x-common: &common {ttl: 1h, idle: 60}\nx-other: [1, {nothing: of ours}]\n"
        'pools:\n  a: {<<: *common, ppas: ["~a/ubuntu/x"]}\n'
    )
    assert loaded(file, text, environ).pools["a"].options.ttl == 3600
    jsonschema_rs.validator_for(json_schema()).validate(yaml.safe_load(text))


@pytest.mark.parametrize("section", ["launchpad:", "api:", "retire:", "api: {clients: }", "launchpad: {timeout: }"])
def test_sections_of_comments_only_are_empty(file: Path, environ: dict[str, str], section: str) -> None:
    """A section whose lines are all commented out leaves the defaults."""
    assert loaded(file, f"{ONE}{section}\n", environ) == loaded(file, ONE, environ)


def test_durations_read_back() -> None:
    """How a duration is shown is how it may be written."""
    for number in (0.0, 0.25, 1.0, 59.0, 90.0, 3600.0, 5400.0, 86400.0 * 7):
        assert seconds(exactly(number)) == number
    assert (seconds("1.5 h"), seconds("30"), seconds(2)) == (5400, 30, 2)


# -- mistakes -----------------------------------------------------------------------------------------------------

POOL = 'pools:\n  p:\n    ppas: ["~a/ubuntu/x"]\n'
HOW = "write a number of seconds or a text like 500ms, 30s, 5m, 8h, 7d"
EXAMPLE = '"~owner/ubuntu/pool-{001..020}"'
FORMS = "like ~owner/ubuntu/name or ppa:owner/name"
LOGIN = "write it with `ppa-assigner login` and let this user read it"
TAG = "take the tag away"
WHERE = "write it like 127.0.0.1:8020, [::1]:8020 or unix:/path"

NO_PPAS = 'pools.p: it has neither ppas nor grow; list PPAs, like ppas: ["~owner/ubuntu/pool-{001..020}"]'
MISTAKES: dict[str, tuple[str | bytes, int, str]] = {
    # the file
    "empty": ("", 1, f"the file is empty; list the PPAs, like ppas: [{EXAMPLE}]"),
    "only comments": ("# nothing\n", 1, f"the file is empty; list the PPAs, like ppas: [{EXAMPLE}]"),
    "a list": ('\n- "~a/ubuntu/x"\n', 2, f"the file expects keys at its top, like ppas: [{EXAMPLE}]"),
    "a word": ("ppas", 1, f"the file expects keys at its top, like ppas: [{EXAMPLE}]"),
    "not UTF-8": (b"ppas: [x]\nname: \xff\n", 2, "this line is not UTF-8; save the file in that encoding"),
    "control character": (
        "ppas: [x]\nname: \x07\n",
        2,
        "this line holds a control character that YAML does not allow; take it out",
    ),
    "too large": ("#" * ((1 << 20) + 1), 1, "the file is larger than 1 MiB; is it the right one?"),
    "tab": ("launchpad:\n\tversion: devel\n", 2, "a tab stands here; indent with spaces"),
    "unclosed": (
        "ppas: [x\nname: y\n",
        2,
        "this is not YAML: while parsing a flow sequence expected ',' or ']', but got ':'",
    ),
    "range without quotes": ("ppas: [~a/ubuntu/x-{1..2}]\n", 1, "this is not YAML; put a PPA with a {range} in quotes"),
    "escape": ('name: "\\U99999999"\n' + ONE, 1, "this is not YAML: there is no character of that number"),
    "two documents": (
        ONE + "---\n" + ONE,
        2,
        "this is not YAML: expected a single document in the stream but found another document",
    ),
    "unknown alias": (ONE + "retire: *x\n", 2, "this is not YAML: found undefined alias 'x'"),
    "deep": ("\n" + "[" * 40, 2, "this is not YAML: nested too deep"),
    "endless": (ONE + "retire: &r\n - *r\n", 3, "nested too deep: an alias stands within what it means"),
    "bomb": (
        "a0: &a0 [x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, 9)),
        6,
        "the file holds more than 50000 values, aliases included; is it the right one?",
    ),
    "chain of aliases": (
        "x0: &x0 [y]\n" + "".join(f"x{n}: &x{n} [*x{n - 1}]\n" for n in range(1, 40)),
        19,
        "this is not YAML: nested too deep",
    ),
    "endless merge": (ONE + "api: &a\n <<: *a\n", 3, "nested too deep: an alias stands within what it means"),
    "merge of a word": (ONE + "api: {<<: word}\n", 2, "<<: expects an alias of a section, like *common"),
    "tag": (
        ONE + 'name: !!python/name:os.system ""\n',
        2,
        "name: the tag 'tag:yaml.org,2002:python/name:os.system' is not known here; take it away",
    ),
    "lying tag": (ONE + "name: !!int one\n", 2, "name: 'one' is not what its tag says; take the tag away"),
    "key twice": (ONE + "name: a\n\nname: b\n", 4, "name: stands twice; first in line 2: keep one of them"),
    "option twice": (
        POOL + "    ttl: 1h\n    ttl: 2h\n",
        5,
        "pools.p.ttl: stands twice; first in line 4: keep one of them",
    ),
    "key of a list": (
        ONE + "? [a]\n: b\n",
        2,
        "a key must be a single word; put text with braces or brackets in quotes",
    ),
    "key with NUL": (ONE + '"a\\0": 1\n', 2, "the key 'a\\x00' holds NUL or half a surrogate pair; take it out"),
    # keys
    "unknown key, similar": (ONE + "retired: []\n", 2, "retired: this key is unknown; did you mean retire?"),
    "unknown key": (
        ONE + "zzz: 1\n",
        2,
        "zzz: this key is unknown; the keys here are ppas, pools, retire, launchpad, api, name",
    ),
    "key of elsewhere": (
        ONE + "ttl: 1h\n",
        2,
        "ttl: this key is unknown here; it belongs in a pool (pools: {default: {ppas: [...]}}), "
        "in place of the ppas at the top",
    ),
    "key similar to one elsewhere": (
        ONE + "servce: staging\n",
        2,
        "servce: this key is unknown; did you mean service?  That belongs in launchpad",
    ),
    "unknown option": (POOL + "    setle: 5m\n", 4, "pools.p.setle: this key is unknown; did you mean settle?"),
    "unknown time-out": (
        ONE + "launchpad:\n  timeout:\n    conect: 1\n",
        4,
        "launchpad.timeout.conect: this key is unknown; did you mean connect?",
    ),
    "unknown in a client": (
        ONE + f"api:\n  clients:\n  - name: x\n    token_sha256: {DIGEST}\n    roles: operator\n",
        6,
        "api.clients[0].roles: this key is unknown; did you mean role?",
    ),
    "unprintable key": (
        ONE + '"\\e[2J": 1\n',
        2,
        "'\\x1b[2J': this key is unknown; the keys here are ppas, pools, retire, launchpad, api, name",
    ),
    # PPAs
    "no PPAs": ("name: x\n", 1, f"there are no PPAs; list them, like ppas: [{EXAMPLE}]"),
    "empty list": ("ppas: []\n", 1, f"ppas: the list is empty; list at least one PPA, like {EXAMPLE}"),
    "no list": ("\nppas:\n", 2, f"ppas: the list is empty; list at least one PPA, like {EXAMPLE}"),
    "empty pool": (
        "pools:\n  p:\n    ppas: []\n",
        3,
        f"pools.p.ppas: the list is empty; list at least one PPA, like {EXAMPLE}",
    ),
    "pool without list": ("pools:\n  p:\n    ttl: 1h\n", 2, NO_PPAS),
    "pool of nothing": ("pools:\n p:\n", 2, NO_PPAS),
    "no pools": ("pools: {}\n", 1, "pools: it has no pool; write at least one, like default: {ppas: [...]}"),
    "pools without value": (
        "pools:\n",
        1,
        "pools: it has no pool; write at least one, like default: {ppas: [...]}",
    ),
    "pools as a list": (
        "pools: [x]\n",
        1,
        "pools: expects a section of pools, like {default: {ppas: [...]}}, not a list",
    ),
    "pool as a list": (
        'pools:\n  p: ["~a/ubuntu/x"]\n',
        2,
        "pools.p: expects a section of options, like {option: value}, not a list",
    ),
    "both forms": (
        POOL + ONE.replace("x", "y"),
        4,
        "ppas: cannot be used together with pools (line 1); keep one of them: "
        "ppas is short for pools: {default: {ppas: [...]}}",
    ),
    "pool's name": (
        'pools:\n  "my pool": {ppas: ["~a/ubuntu/x"]}\n',
        2,
        "pools.'my pool': 'my pool' is not a name of a pool; use 1 to 64 letters, digits, '.', '_' or '-'",
    ),
    "pool's long name": (
        f'pools:\n  {"p" * 65}: {{ppas: ["~a/ubuntu/x"]}}\n',
        2,
        f"pools.'{'p' * 65}': '{'p' * 65}' is not a name of a pool; use 1 to 64 letters, digits, '.', '_' or '-'",
    ),
    "one PPA without a list": ("ppas: ~a/ubuntu/x\n", 1, "ppas: expects a list, like [one, two], not '~a/ubuntu/x'"),
    "bad PPA": ("ppas:\n- ~a/ubuntu/x\n- nonsense\n", 3, f"ppas[1]: 'nonsense' is not a PPA {FORMS}"),
    "number as PPA": ("ppas:\n- 5\n", 2, "ppas[0]: expects a text, not 5; put it in quotes"),
    "list as PPA": ("ppas:\n- [a/x]\n", 2, "ppas[0]: expects a text, not a list"),
    "item without its PPA": (
        "ppas:\n- labels: {a: b}\n",
        2,
        "ppas[0].ppa: this is missing; every item with labels needs it",
    ),
    "item whose PPA is none": ("ppas:\n- labels: {}\n  ppa: a/x\n", 3, f"ppas[0].ppa: 'a/x' is not a PPA {FORMS}"),
    "item with an option": (
        "ppas:\n- ppa: ~a/ubuntu/x\n  label: {a: b}\n",
        3,
        "ppas[0].label: this key is unknown; did you mean labels?",
    ),
    "labels that are a list": (
        POOL + "    labels: [big]\n",
        4,
        "pools.p.labels: expects labels, like {size: big}, not a list",
    ),
    "label that is no text": (
        POOL + "    labels:\n      gpu: true\n",
        5,
        "pools.p.labels.gpu: expects a text, not true; put it in quotes",
    ),
    "label without a value": (
        POOL + "    labels:\n      gpu:\n",
        5,
        "pools.p.labels.gpu: there is no value; write one, or take the line away to have the default",
    ),
    "value that no label has": (
        POOL + "    labels:\n      size: not so big\n",
        5,
        "pools.p.labels.size: 'not so big' is neither empty nor 1 to 63 letters, digits, '-', '_' and '.', a letter or "
        "digit first and last",
    ),
    "key that no label has": (
        'ppas:\n- ppa: ~a/ubuntu/x\n  labels:\n    ok: a\n    "no t": a\n',
        5,
        "ppas[0].labels.'no t': 'no t' is not 1 to 63 letters, digits, '-', '_' and '.', a letter or digit first and "
        "last, with or without a DNS name and a / before it",
    ),
    "label that Launchpad tells": (
        POOL + "    labels: {lp/private: a}\n",
        4,
        "pools.p.labels.'lp/private': 'lp/private' begins with lp/, as what Launchpad tells; take another prefix",
    ),
    "nothing as PPA": (
        "ppas:\n- ~a/ubuntu/x\n-\n",
        3,
        "ppas[1]: there is no value; write one, or take the line away to have the default",
    ),
    "bad retired PPA": (ONE + "retire:\n- x\n", 3, f"retire[0]: 'x' is not a PPA {FORMS}"),
    "reversed range": (
        'ppas: ["~a/ubuntu/x{020..001}"]\n',
        1,
        "ppas[0]: the range {020..001} is reversed; write {001..020}",
    ),
    "range of letters": (
        'ppas: ["~a/ubuntu/x{a..c}"]\n',
        1,
        "ppas[0]: '{a..c}' is not a range; a range of numbers looks like {001..020}",
    ),
    "choice in braces": (
        'ppas: ["~a/ubuntu/x{1,2}"]\n',
        1,
        "ppas[0]: '{1,2}' is not a range; a range of numbers looks like {001..020}",
    ),
    "half a range": ('ppas: ["~a/ubuntu/x{1..2"]\n', 1, f"ppas[0]: '~a/ubuntu/x{{1..2' is not a PPA {FORMS}"),
    "huge range": (
        'ppas: ["~a/ubuntu/x{1..10001}"]\n',
        1,
        "ppas[0]: '~a/ubuntu/x{1..10001}' means more than 10000 PPAs",
    ),
    "too many in all": (
        'ppas: ["~a/ubuntu/x{1..9999}"]\nretire: ["~a/ubuntu/y{1..2}"]\n',
        1,
        "10001 PPAs are listed in all; at most 10000 can be served",
    ),
    "twice in a pool": (
        "ppas:\n- ~a/ubuntu/x\n- ppa:a/x\n",
        3,
        "ppas[1]: ~a/ubuntu/x is listed already in line 2 (ppas); a PPA is in one list, once: take it out of the other",
    ),
    "twice by ranges": (
        'ppas:\n- "~a/ubuntu/x{1..4}"\n- "~a/ubuntu/x{3..9}"\n',
        3,
        "ppas[1]: ~a/ubuntu/x3 and 1 more is listed already in line 2 (ppas); a PPA is in one list, once: "
        "take it out of the other",
    ),
    "in two pools": (
        POOL + "  q:\n    ppas: [ppa:a/x]\n",
        5,
        "pools.q.ppas[0]: ~a/ubuntu/x is listed already in line 3 (pool p); a PPA is in one list, once: take "
        "it out of the other",
    ),
    "lent and retired": (
        ONE + "retire: [ppa:a/x]\n",
        2,
        "retire[0]: ~a/ubuntu/x is listed already in line 1 (ppas); a PPA is lent or retired: keep it in one list",
    ),
    # options of a pool
    "no duration": (POOL + "    ttl: 8 hours\n", 4, f"pools.p.ttl: '8 hours' is not a duration; {HOW}"),
    "clock as duration": (POOL + "    ttl: 8:00\n", 4, f"pools.p.ttl: '8:00' is not a duration; {HOW}"),
    "truth as duration": (POOL + "    settle: true\n", 4, f"pools.p.settle: true is not a duration; {HOW}"),
    "list as duration": (POOL + "    max_hold: [1]\n", 4, f"pools.p.max_hold: a list is not a duration; {HOW}"),
    "nothing as duration": (
        POOL + "    ttl:\n",
        4,
        "pools.p.ttl: there is no value; write one, or take the line away to have the default",
    ),
    "negative duration": (
        POOL + "    max_hold: -1\n",
        4,
        "pools.p.max_hold: -1 is negative; a duration is 0 or longer",
    ),
    "negative text": (
        POOL + "    verify_age: -5m\n",
        4,
        "pools.p.verify_age: '-5m' is negative; a duration is 0 or longer",
    ),
    "endless duration": (POOL + "    max_ttl: 9999999d\n", 4, "pools.p.max_ttl: '9999999d' is too long; at most 3650d"),
    "no settle": (POOL + "    settle: 0\n", 4, "pools.p.settle: must be longer than 0"),
    "ttl too short": (
        POOL + "    ttl: 0\n",
        4,
        "pools.p.ttl: 0 must be whole seconds, at least 1: records keep no fractions",
    ),
    "fraction of idle": (
        POOL + "    idle: 1500ms\n",
        4,
        "pools.p.idle: '1500ms' must be whole seconds, at least 1: records keep no fractions",
    ),
    "ttl over max_ttl": (
        POOL + "    ttl: 2d\n    max_ttl: 1d\n",
        4,
        "pools.p.ttl: 2d is longer than max_ttl (1d); raise max_ttl or lower ttl",
    ),
    "max_ttl under default": (
        POOL + "    max_ttl: 1h\n",
        4,
        "pools.p.max_ttl: 1h is shorter than ttl (8h by default); write ttl too",
    ),
    "retry reversed": (
        POOL + "    retry: {first: 1m, max: 30s}\n",
        4,
        "pools.p.retry.first: 1m is longer than max (30s); raise max or lower first",
    ),
    "retry at once": (POOL + "    retry: {first: 0}\n", 4, "pools.p.retry.first: must be longer than 0"),
    "proof of what is not published": (
        POOL + "    proof: index\n    baseline: {publish: false}\n",
        4,
        "pools.p.proof: with baseline.publish: false nothing of index ever changes; "
        "write proof: active or publish: true",
    ),
    "settle for Launchpad": (
        POOL + "    settle: 89s\n",
        4,
        "pools.p.settle: 89s is too short for Launchpad, where a request may land late; write 90s or more",
    ),
    "settle for staging": (
        POOL + "    settle: 1m\nlaunchpad: {service: staging}\n",
        4,
        "pools.p.settle: 1m is too short for Launchpad, where a request may land late; write 90s or more",
    ),
    "settle by address": (
        POOL + "    settle: 1m\nlaunchpad: {service: 'https://API.launchpad.net'}\n",
        4,
        "pools.p.settle: 1m is too short for Launchpad, where a request may land late; write 90s or more",
    ),
    "unknown proof": (
        POOL + "    proof: actve\n",
        4,
        "pools.p.proof: 'actve' is none of active, index, disk; did you mean active?",
    ),
    "no tries": (POOL + "    max_tries: 0\n", 4, "pools.p.max_tries: must be at least 1, not 0"),
    "too many tries": (POOL + "    max_tries: 1001\n", 4, "pools.p.max_tries: may be at most 1000, not 1001"),
    "half a try": (POOL + "    max_tries: 1.5\n", 4, "pools.p.max_tries: expects a whole number, not 1.5"),
    "PPAs to promote to": (
        ONE + "api: {promote_to: ['ppa:acme/stable']}\n",
        2,
        "api.promote_to[0]: 'ppa:acme/stable' is not a pattern of PPAs; write one like ~acme/ubuntu/*",
    ),
    "a client's PPAs to promote to": (
        ONE + f"api: {{clients: [{{name: x, token_sha256: {DIGEST}, promote_to: ['~a/ubuntu/[b']}}]}}\n",
        2,
        "api.clients[0].promote_to[0]: '~a/ubuntu/[b' opens a '[' and never closes it; write [[] for the character"
        " itself",
    ),
    "snapshots without a time": (
        ONE + "launchpad: {snapshots: 'https://x/{owner}/{name}'}\n",
        2,
        "launchpad.snapshots: 'https://x/{owner}/{name}' lacks {at}; write it like"
        " https://snapshot.ppa.launchpadcontent.net/{owner}/{name}/ubuntu/{at}",
    ),
    "snapshots that are no address": (
        ONE + "launchpad: {snapshots: 'x/{owner}/{name}/{at}'}\n",
        2,
        "launchpad.snapshots: 'x/{owner}/{name}/{at}' is not an http(s) address",
    ),
    "word for a truth": (
        POOL + "    grant_upload: maybe\n",
        4,
        "pools.p.grant_upload: expects true or false, not 'maybe'",
    ),
    "number for a truth": (POOL + "    create: 1\n", 4, "pools.p.create: expects true or false, not 1"),
    "baseline's dependency": (
        POOL + "    baseline:\n      dependencies:\n      - ppa:b\n",
        6,
        "pools.p.baseline.dependencies[0]: 'ppa:b' is neither a PPA like ~owner/ubuntu/name nor an archive like ubuntu",
    ),
    "dependency on itself": (
        POOL + "    baseline:\n      dependencies:\n      - ubuntu\n      - ppa:a/x\n",
        7,
        "pools.p.baseline.dependencies[1]: ~a/ubuntu/x cannot depend on itself; take it out of the baseline "
        "of its own pool",
    ),
    "dependency twice": (
        POOL + "    baseline: {dependencies: [ppa:b/c, ~b/ubuntu/c]}\n",
        4,
        "pools.p.baseline.dependencies: '~b/ubuntu/c' stands twice in the list; name it once",
    ),
    "processor by number": (
        POOL + "    baseline: {processors: [386]}\n",
        4,
        "pools.p.baseline.processors[0]: expects a text, not 386; put it in quotes",
    ),
    "processor": (
        POOL + "    baseline: {processors: [AMD 64]}\n",
        4,
        "pools.p.baseline.processors[0]: 'AMD 64' is not a processor of Launchpad; write a name like amd64",
    ),
    "uploader": (
        POOL + "    baseline: {uploaders: [ann]}\n",
        4,
        "pools.p.baseline.uploaders[0]: 'ann' is not a person or team of Launchpad; write ~name",
    ),
    "title of two lines": (
        POOL + '    baseline: {displayname: "a\\nb"}\n',
        4,
        "pools.p.baseline.displayname: 'a\\nb' must be one line without space at its ends: Launchpad keeps no other",
    ),
    "title with NUL": (
        POOL + '    baseline: {displayname: "a\\0"}\n',
        4,
        "pools.p.baseline.displayname: 'a\\x00' holds NUL or half a surrogate pair; Launchpad cannot keep it",
    ),
    "title with half a pair": (
        POOL + '    baseline: {displayname: "\\ud800"}\n',
        4,
        "pools.p.baseline.displayname: '\\ud800' holds NUL or half a surrogate pair; Launchpad cannot keep it",
    ),
    # Launchpad
    "unknown service": (
        ONE + "launchpad: {service: prodution}\n",
        2,
        "launchpad.service: 'prodution' is neither production, staging, qastaging nor an http(s) address; "
        "did you mean production?",
    ),
    "service's scheme": (
        ONE + "launchpad: {service: 'ftp://x/'}\n",
        2,
        "launchpad.service: 'ftp://x/' is neither production, staging, qastaging nor an http(s) address",
    ),
    "service with version": (
        ONE + "launchpad: {service: 'https://api.launchpad.net/devel/'}\n",
        2,
        "launchpad.service: 'https://api.launchpad.net/devel/' ends in a version; write it without /devel",
    ),
    "service without host": (
        ONE + "launchpad: {service: 'http:///x'}\n",
        2,
        "launchpad.service: 'http:///x' is not an http(s) address of a host",
    ),
    "service's port": (
        ONE + "launchpad: {service: 'http://x:99999/'}\n",
        2,
        "launchpad.service: 'http://x:99999/' is not an http(s) address of a host",
    ),
    "service with a question": (
        ONE + "launchpad: {service: 'http://x/?y'}\n",
        2,
        "launchpad.service: 'http://x/?y' must be an address without user, '?' and '#'",
    ),
    "service with a user": (
        ONE + "launchpad: {service: 'http://u:p@x/'}\n",
        2,
        "launchpad.service: 'http://u:p@x/' must be an address without user, '?' and '#'",
    ),
    "version": (
        ONE + "launchpad: {version: 1.0}\n",
        2,
        "launchpad.version: 1.0 cannot be used; only devel shows a PPA's status: write devel or leave it out",
    ),
    "no look": (ONE + "launchpad: {look_every: 0}\n", 2, "launchpad.look_every: must be longer than 0"),
    "connect over total": (
        ONE + "launchpad:\n  timeout:\n    connect: 61s\n",
        4,
        "launchpad.timeout.connect: 61s is longer than total (1m); lower it or raise total",
    ),
    "no time at all": (ONE + "launchpad:\n timeout: {total: 0}\n", 3, "launchpad.timeout.total: must be longer than 0"),
    "one connection": (ONE + "launchpad: {connections: 1}\n", 2, "launchpad.connections: must be at least 2, not 1"),
    "credentials that are not there": (
        ONE + "launchpad:\n  credentials: /nowhere/at/all\n",
        3,
        f"launchpad.credentials: /nowhere/at/all does not exist; {LOGIN}",
    ),
    "credentials that are a directory": (
        ONE + "launchpad:\n  credentials: /\n",
        3,
        f"launchpad.credentials: / is a directory; {LOGIN}",
    ),
    "launchpad is a word": (
        ONE + "launchpad: production\n",
        2,
        "launchpad: expects a section of options, like {option: value}, not 'production'",
    ),
    # the API
    "no port": (ONE + "api: {listen: 127.0.0.1}\n", 2, f"api.listen: '127.0.0.1' has no port; {WHERE}"),
    "port as number": (ONE + "api: {listen: 8020}\n", 2, "api.listen: expects a text, not 8020; put it in quotes"),
    "port too high": (
        ONE + "api: {listen: '127.0.0.1:65536'}\n",
        2,
        f"api.listen: '127.0.0.1:65536' has no port; {WHERE}",
    ),
    "no host": (ONE + "api: {listen: ':8020'}\n", 2, f"api.listen: ':8020' has no host; {WHERE}"),
    "no IPv4 address": (
        ONE + "api: {listen: '127.0.0.256:8020'}\n",
        2,
        f"api.listen: '127.0.0.256:8020' has no host; {WHERE}",
    ),
    "IPv6 without brackets": (
        ONE + "api: {listen: '::1:8020'}\n",
        2,
        "api.listen: '::1:8020' needs brackets around the IPv6 address, like [::1]:8020",
    ),
    "relative socket": (
        ONE + "api: {listen: 'unix:api.sock'}\n",
        2,
        "api.listen: 'unix:api.sock' needs an absolute path, like unix:/run/ppa-assigner/api.sock",
    ),
    "long socket": (
        ONE + f"api: {{listen: 'unix:/{'x' * 107}'}}\n",
        2,
        f"api.listen: 'unix:/{'x' * 31}...{'x' * 38}' is too long for a Unix socket; at most 107 bytes",
    ),
    "open door": (
        ONE + "api:\n  listen: 0.0.0.0:8020\n  clients: []\n",
        3,
        "api.listen: 0.0.0.0:8020 can be reached by others and there are no clients, so everybody would be operator; "
        "add api.clients (see `ppa-assigner token`), or listen on 127.0.0.1 or a Unix socket",
    ),
    "open door by name": (
        ONE + "api: {listen: 'host.example:80'}\n",
        2,
        "api.listen: host.example:80 can be reached by others and there are no clients, "
        "so everybody would be operator; add api.clients (see `ppa-assigner token`), "
        "or listen on 127.0.0.1 or a Unix socket",
    ),
    "clients as a section": (
        ONE + "api: {clients: {ann: x}}\n",
        2,
        "api.clients: expects a list, like [one, two], not a section",
    ),
    "client without name": (
        ONE + f"api:\n  clients:\n    - token_sha256: {DIGEST}\n",
        4,
        "api.clients[0].name: this is missing; every client needs it",
    ),
    "client without token": (
        ONE + "api:\n  clients:\n    - name: x\n",
        4,
        "api.clients[0].token_sha256: this is missing; every client needs it, or oidc",
    ),
    "client's name": (
        ONE + f'api: {{clients: [{{name: "", token_sha256: {DIGEST}}}]}}\n',
        2,
        "api.clients[0].name: '' is not a name for a client; use 1 to 128 printable characters",
    ),
    "token in the clear": (
        ONE + "api: {clients: [{name: x, token_sha256: secret}]}\n",
        2,
        "api.clients[0].token_sha256: 'secret' is not a SHA-256; write the 64 hexadecimal digits that "
        "`ppa-assigner token` prints",
    ),
    "client twice": (
        ONE + f"api:\n  clients:\n  - {{name: x, token_sha256: {DIGEST}}}\n  - {{name: x, token_sha256: {'f' * 64}}}\n",
        5,
        "api.clients[1].name: another client has the same in line 4; each needs its own",
    ),
    "token twice": (
        ONE
        + f"api:\n  clients:\n  - {{name: x, token_sha256: {DIGEST}}}\n"
        + f"  - {{name: y, token_sha256: {DIGEST.upper()}}}\n",
        5,
        "api.clients[1].token_sha256: another client has the same in line 4; each needs its own",
    ),
    "role": (
        ONE + f"api: {{clients: [{{name: x, token_sha256: {DIGEST}, role: admin}}]}}\n",
        2,
        "api.clients[0].role: 'admin' is none of client, operator",
    ),
    "open pattern": (
        ONE + f"api: {{clients: [{{name: x, token_sha256: {DIGEST}, owners: ['a[b']}}]}}\n",
        2,
        "api.clients[0].owners[0]: 'a[b' opens a '[' and never closes it; write [[] for the character itself",
    ),
    "empty pattern": (
        ONE + f"api: {{clients: [{{name: x, token_sha256: {DIGEST}, owners: ['']}}]}}\n",
        2,
        "api.clients[0].owners[0]: a pattern for owners has 1 to 256 characters, like ci-*",
    ),
    # the daemon
    "daemon's name": (
        ONE + "name: a/b\n",
        2,
        "name: 'a/b' is not a name for a daemon; use letters, digits, '.', '_' or '-'",
    ),
    # numbers
    "400 digits": (
        POOL + f"    ttl: {'1' * 400}\n",
        4,
        f"pools.p.ttl: {'1' * 18}...{'1' * 19} is too long; at most 3650d",
    ),
    "5000 digits": (
        POOL + f"    max_tries: {'1' * 5000}\n",
        4,
        f"pools.p.max_tries: '{'1' * 37}...{'1' * 38}' is too large a number; no option takes it",
    ),
    "endless number": (
        ONE + "api: {rate: 1.0e400}\n",
        2,
        "api.rate: '1.0e400' is too large a number; no option takes it",
    ),
    "other digits": (ONE + "api: {rate: !!int '\u0663'}\n", 2, f"api.rate: '\\u0663' is not what its tag says; {TAG}"),
    "long time-out": (
        ONE + "launchpad: {timeout: {total: 30d}}\n",
        2,
        "launchpad.timeout.total: '30d' is too long for one request; at most 1d",
    ),
    # parts in the wrong order
    "swapped": ("ppas: [~a/x/ubuntu]\n", 1, "ppas[0]: '~a/x/ubuntu' has its parts swapped; write ~a/ubuntu/x"),
    "swapped range": (
        'ppas: ["ppa:a/x-{1..2}/ubuntu"]\n',
        1,
        "ppas[0]: 'ppa:a/x-{1..2}/ubuntu' has its parts swapped; write ppa:a/ubuntu/x-{1..2}",
    ),
    "swapped dependency": (
        POOL + "    baseline: {dependencies: [~b/c/ubuntu]}\n",
        4,
        "pools.p.baseline.dependencies[0]: '~b/c/ubuntu' has its parts swapped; write ~b/ubuntu/c",
    ),
    "no name": ("ppas: [ppa:a/ubuntu]\n", 1, f"ppas[0]: 'ppa:a/ubuntu' is not a PPA {FORMS}"),
    # what is the author's own
    "own key in a section": (
        ONE + "api: {x-mine: 1}\n",
        2,
        "api.x-mine: this key is unknown; the keys here are listen, clients, socket, tls, promote_to, rate",
    ),
    "daemon's number": (ONE + "name: 7\n", 2, "name: expects a text, not 7; put it in quotes"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_each_mistake_is_told_once_with_its_line(file: Path, environ: dict[str, str], case: str) -> None:
    """A mistake gives one line that names the thing, its place and the cure."""
    text, line, message = MISTAKES[case]
    assert mistakes(file, text, environ) == [(line, message)]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(file: Path) -> None:
    """One run is enough to know all that is wrong, whatever kinds of mistake come together."""
    text = (
        'pools:\n  p:\n    ppas: [x, "~a/ubuntu/x", ppa:a/x]\n    ttl: 9d\n    idel: 3\n    settle: 1s\n'
        "launchpad:\n  credentials: nowhere\n  version: 1.0\napi:\n  listen: 0.0.0.0:1\nname: a\nname: b\n"
    )
    with pytest.raises(ConfigError) as caught:
        loaded(file, text, {})
    assert [mistake.line for mistake in caught.value.mistakes] == [3, 3, 4, 5, 6, 8, 9, 11, 13]
    assert str(caught.value).splitlines() == [
        f"{file}:{mistake.line}: {mistake.message}" for mistake in caught.value.mistakes
    ]


def test_a_client_that_lacks_everything_is_told_everything(file: Path, environ: dict[str, str]) -> None:
    """What is missing is told thing by thing."""
    found = mistakes(file, ONE + "api:\n  clients:\n    - role: client\n", environ)
    assert found == [
        (4, "api.clients[0].name: this is missing; every client needs it"),
        (4, "api.clients[0].token_sha256: this is missing; every client needs it, or oidc"),
    ]


def test_what_is_wrong_hides_nothing_else(file: Path, environ: dict[str, str]) -> None:
    """Neither in what it names nor in what is compared with it; what only follows from it is not told."""
    text = (
        'pools:\n  "my pool":\n    ppas: [5, "~a/ubuntu/x", ppa:a/x]\n    ttl: 8 hours\n    max_ttl: 1h\n'
        "    retry: {first: 9m, max: 1m}\n    baseline: {dependencies: [x y, ppa:a/x]}\n"
        "api:\n  listen: 0.0.0.0:1\n  clients: [5, {name: x}, {name: x, token_sha256: z}]\n"
    )
    assert [(line, told.partition(":")[0]) for line, told in mistakes(file, text, environ)] == [
        (2, "pools.'my pool'"),
        (3, "pools.'my pool'.ppas[0]"),
        (3, "pools.'my pool'.ppas[2]"),
        (4, "pools.'my pool'.ttl"),
        (6, "pools.'my pool'.retry.first"),
        (7, "pools.'my pool'.baseline.dependencies[0]"),
        (7, "pools.'my pool'.baseline.dependencies[1]"),
        (10, "api.clients[0]"),
        (10, "api.clients[2].token_sha256"),
        (10, "api.clients[1].token_sha256"),
        (10, "api.clients[2].name"),
    ]


def test_short_settle_is_right_elsewhere(file: Path, environ: dict[str, str]) -> None:
    """Only Launchpad's own services end requests so late that 90 s are needed."""
    text = POOL + "    settle: 500ms\nlaunchpad: {service: 'http://127.0.0.1:8085/'}\n"
    assert loaded(file, text, environ).pools["p"].options.settle == 0.5


# -- files that cannot be read --------------------------------------------------------------------------------------


def failure(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    return str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is a mistake like any other."""
    path = tmp_path / "none.yaml"
    assert (
        failure(path)
        == f"{path}:1: this file does not exist; name one with --config, or have ppa-assigner init write an example"
    )


def test_directory(tmp_path: Path) -> None:
    """A directory is no file."""
    assert failure(tmp_path) == f"{tmp_path}:1: this is a directory; name the file in it"


def test_file_in_a_file(tmp_path: Path) -> None:
    """What the system says is told when there is no better word for it."""
    (tmp_path / "x").write_text("")
    path = tmp_path / "x" / "ppas.yaml"
    assert failure(path) == f"{path}:1: the file cannot be read: Not a directory"


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def plain_user() -> Iterator[None]:
    """Whom permissions bind: root, who may read everything, becomes somebody else for a while."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


NOBODY = 65534


def test_no_permission(public_folder: Path) -> None:
    """A file that this user may not read is told as such."""
    file = public_folder / "ppas.yaml"
    file.write_text(ONE)
    assert failure(file)
    file.chmod(0)
    with plain_user():
        told = failure(file)
    assert told == f"{file}:1: this user may not read the file; change its permissions or its owner"


# -- credentials --------------------------------------------------------------------------------------------------

CURE = (
    "run `ppa-assigner login` and name here the file that it writes, "
    "or let systemd hand it over (LoadCredential=launchpad:FILE)"
)


def test_no_credentials(file: Path) -> None:
    """Without a file and without systemd's there is nothing to log in with."""
    assert mistakes(file, ONE, {}) == [(1, f"launchpad.credentials: there are no credentials for Launchpad; {CURE}")]


def test_systemd_without_that_credential(file: Path, tmp_path: Path) -> None:
    """A unit that loads other credentials is told the name that is missing."""
    found = mistakes(file, ONE, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found == [(1, f"launchpad.credentials: $CREDENTIALS_DIRECTORY/launchpad does not exist; {CURE}")]


def test_empty_credentials(file: Path, tmp_path: Path) -> None:
    """An empty file opens nothing."""
    (tmp_path / "key").touch()
    found = mistakes(file, ONE + "launchpad:\n  credentials: key\n", {})
    assert found == [
        (
            3,
            f"launchpad.credentials: {tmp_path}/key is empty; {LOGIN}",
        )
    ]


def test_credentials_of_somebody_else(public_folder: Path) -> None:
    """A file that this user may not read is told before the daemon starts."""
    file, key = public_folder / "ppas.yaml", public_folder / "key"
    key.write_text("x")
    file.write_text(ONE + "launchpad:\n  credentials: key\n")
    assert load(file, {})  # with all that is needed imported, from where somebody else may not look
    key.chmod(0)
    with plain_user(), pytest.raises(ConfigError) as raised:
        load(file, {})
    [mistake] = raised.value.mistakes
    line, message = mistake.line, mistake.message
    assert (line, "key cannot be read (Permission denied); " in message) == (3, True)


def test_the_given_file_comes_before_systemds(file: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    """What the file names is used; systemd's only when it names none; neither is an error for who opens it."""
    (tmp_path / "key").write_text("x")
    given = loaded(file, ONE + "launchpad: {credentials: key}\n", environ)
    handed = loaded(file, ONE, environ)
    assert credentials_path(given, environ) == tmp_path / "key"
    assert credentials_path(handed, environ) == Path(environ["CREDENTIALS_DIRECTORY"]) / "launchpad"
    with pytest.raises(FileNotFoundError, match="CREDENTIALS_DIRECTORY"):
        credentials_path(handed, {})


# -- the shipped file -----------------------------------------------------------------------------------------------


def uncommented() -> str:
    """The shipped file with every option in force: those have no space after their '#'."""
    return re.sub(r"^( *)#(?! |$)", r"\1", SHIPPED.read_text(), flags=re.MULTILINE)


def test_shipped_file_is_valid() -> None:
    """It stands as it is, with credentials that open nothing."""
    settings_ = load(SHIPPED, {})
    assert len(settings_.pools["default"].ppas) == 20
    assert settings_.launchpad.credentials == SHIPPED.parent / "example.credentials"


def test_shipped_comments_show_the_defaults(environ: dict[str, str]) -> None:
    """Taking all '#' away changes nothing, so what the comments call defaults are those of the code."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ppas.yaml"
        copy.write_text(uncommented())
        (copy.parent / "example.credentials").write_text("x")
        own = load(copy, environ)
    here = dataclasses.replace(own.launchpad, credentials=SHIPPED.parent / "example.credentials")
    assert dataclasses.replace(own, launchpad=here) == load(SHIPPED, environ)


def sections(model: type[BaseModel], data: Any) -> Iterator[tuple[set[str], set[str]]]:
    """Of this section and each in it: the options that it could have, and those that it shows."""
    yield set(model.model_fields), set(data)
    for name, field in model.model_fields.items():
        inner = data.get(name)
        if isinstance(inner, dict) and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from sections(field.annotation, inner)


def test_shipped_file_shows_every_option() -> None:
    """An option that is added to the code is added to the file that explains it."""
    data = yaml.safe_load(uncommented())
    found = [
        *sections(ConfigFile, {**data, "ppas": "in words, above the pools"}),
        *sections(PoolSection, data["pools"]["default"]),
    ]
    assert [shown for _, shown in found] == [known for known, _ in found]
    assert len(found) == 11


def test_shipped_file_shows_a_client() -> None:
    """The examples of clients have every key that one can have."""
    lines = re.findall(r"^ *# +- (\{name:.*\})$", SHIPPED.read_text(), flags=re.MULTILINE)
    by_token, by_oidc = (yaml.safe_load(line) for line in lines)
    assert {*by_token, *by_oidc} == set(ClientSection.model_fields)
    assert set(by_oidc["oidc"]) == set(OidcSection.model_fields)


# -- words for people and programs ------------------------------------------------------------------------------------


def test_describe(file: Path) -> None:
    """What was understood fits on a few lines."""
    (file.parent / "keys").mkdir()
    (file.parent / "keys" / "launchpad").write_text("x")
    assert describe(loaded(file, EVERYTHING, {})).splitlines() == [
        "pool default: 7 PPAs (~a/ubuntu/x-08 ... ~a/ubuntu/w), ttl 90m, proof disk",
        "pool 4.2: 4 PPAs (~a/ubuntu/pool-1-1 ... ~a/ubuntu/pool-2-2), ttl 8h, proof active",
        "retire: 1 PPA (~a/ubuntu/old)",
        f"launchpad: http://127.0.0.1:8085/api/devel, credentials {file.parent}/keys/launchpad",
        "api: [::]:0, clients jenkins (client), ann (operator)",
        "name: build-host-1",
    ]


def test_json_schema_describes_every_option() -> None:
    """Editors complete and explain options: each has words, and unknown ones are refused."""
    schema = json_schema()
    options = [option for part in (schema, *schema["$defs"].values()) for option in part.get("properties", {}).values()]
    assert len(options) > 40
    assert [option for option in options if "description" not in option and "$ref" not in option] == []
    assert schema["properties"]["name"]["default"] is None
    assert schema["$defs"]["ApiSection"]["properties"]["listen"]["default"] == "127.0.0.1:8020"
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())


# -- advice ----------------------------------------------------------------------------------------------------


def options(model: type[BaseModel] = ConfigFile, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places of all options, of a pool called p."""
    for key, field in model.model_fields.items():
        inner = next(models_in(field.annotation), None)
        more = ("p",) if key == "pools" else ()
        if inner is None or key in ("clients", "ppas"):
            yield (*place, key)
        else:
            yield from options(inner, (*place, key, *more))


OPTIONS = [*options(), ("pools", "p", "retry"), ("launchpad", "timeout"), ("api", "socket"), ("pools", "p")]


@pytest.mark.parametrize("short", [True, False])
def test_what_advice_names_is_taken(file: Path, environ: dict[str, str], short: bool) -> None:
    """A key that stands in the wrong place, or is misspelt: where the advice says, it is known."""
    top = ONE if short else POOL
    for key in sorted({place[-1] for place in OPTIONS} - {"p", "ppas", "pools", "retire", "launchpad", "api", "name"}):
        for wrong in (key, f"{key[:-1]}zz", f"{key}s"):
            advised = [text for _, text in mistakes(file, f"{top}{wrong}: null\n", environ)]
            for meant, home in re.findall(r"(?:did you mean (\w+)\?  That|it) belongs in (.*)", advised[0]):
                assert_known(meant or wrong, home, short)
            assert advised == [advised[0]]
            if found := re.search(r"did you mean (\w+)\?$", advised[0]):
                assert found[1] in ConfigFile.model_fields


def assert_known(key: str, home: str, short: bool) -> None:
    """The key is one of that section, and a pool is not proposed beside the short form."""
    of_pools: dict[str, type[BaseModel]] = {
        "a pool (": PoolSection,
        "a pool's baseline": BaselineSection,
        "a pool's retry": RetrySection,
        "a pool's as_new": AsNewSection,
        "a pool's order": OrderSection,
        "a pool's grow": GrowSection,
    }
    homes: dict[str, type[BaseModel]] = {
        **of_pools,
        "a client in": ClientSection,
        "a client's oidc": OidcSection,
        "an item of ppas": PpaSection,
        "launchpad.timeout": TimeoutSection,
        "api.socket": SocketSection,
        "api.tls": TlsSection,
        "launchpad": LaunchpadSection,
        "api": ApiSection,
        "the top": ConfigFile,
    }
    model = next(model for name, model in homes.items() if home.startswith(name))
    assert key in model.model_fields
    assert home.endswith("in place of the ppas at the top") == (short and model in of_pools.values())


@pytest.mark.parametrize(
    ("section", "kept"),
    [
        ("", "https://snapshot.ppa.launchpadcontent.net/{owner}/{name}/ubuntu/{at}"),
        ("launchpad: {snapshots: null}\n", None),
        ("launchpad: {service: staging}\n", None),
        ("launchpad: {service: staging, snapshots: 'http://x/{owner}/{name}/{at}'}\n", "http://x/{owner}/{name}/{at}"),
    ],
)
def test_snapshots_are_productions_own_unless_said(
    file: Path, environ: dict[str, str], section: str, kept: str | None
) -> None:
    """No other service is known to keep any."""

    assert loaded(file, ONE + section, environ).launchpad.snapshots == kept
