"""What surrounds a configuration: variables that stand for options, warnings, `check-config` for CI, the schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
import yaml

from ppa_assigner.access import Caller, Role
from ppa_assigner.api.parsing import LIMIT
from ppa_assigner.api.rate_limit import BURST_S
from ppa_assigner.cli.check_config import schema_text
from ppa_assigner.cli.run import demo_config
from ppa_assigner.config import (
    CONFIG,
    VARIABLES,
    ConfigError,
    Listen,
    Tls,
    find_config,
    find_warnings,
    json_schema,
    load,
)
from ppa_assigner.config.files import PLACES

from .commandline import Done, cli
from .docs.blocks import block
from .docs.pages import table
from .test_config import DIGEST, EVERYTHING, SHIPPED, uncommented

SCHEMA = SHIPPED.parent / "ppas.schema.json"
CREDENTIALS = "[1]\nconsumer_key = x\nconsumer_secret = \naccess_token = y\naccess_secret = z\n\n"
ONE: dict[str, Any] = {
    "ppas": ["~a/ubuntu/x"],
    "launchpad": {"credentials": "c", "service": "http://launchpad.invalid/"},
}


class Lease(NamedTuple):
    """Whose it is, and who made it."""

    owner: str
    by: str | None = None
    lease: str | None = None
    group: str | None = None


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """A good file, with what it names beside it."""
    (tmp_path / "c").write_text(CREDENTIALS)
    for name in ("cert.pem", "key.pem", "open.pem"):
        (tmp_path / name).write_text("x")
    for name in ("c", "cert.pem", "key.pem"):
        (tmp_path / name).chmod(0o600)
    (tmp_path / "open.pem").chmod(0o644)
    path = tmp_path / "ppas.yaml"
    path.write_text(yaml.safe_dump(ONE))
    return path


def written(file: Path, **sections: Any) -> Path:
    """The good file with these sections too."""
    file.write_text(yaml.safe_dump({**ONE, **sections}))
    return file


def mistakes(file: Path, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(ConfigError) as caught:
        load(file, environ or {})
    return [mistake.message for mistake in caught.value.mistakes]


# -- the environment ------------------------------------------------------------------------------------------------


def test_variables_replace_what_the_file_says(file: Path, tmp_path: Path) -> None:
    """Each its option, also where the file has no such section; an empty one is none."""
    (tmp_path / "other").write_text(CREDENTIALS)
    environ = {
        "PPA_ASSIGNER_LISTEN": "unix:/run/x.sock",
        "PPA_ASSIGNER_SERVICE": "staging",
        "PPA_ASSIGNER_CREDENTIALS": str(tmp_path / "other"),
        "PPA_ASSIGNER_NAME": "pod-1",
    }
    assert set(environ) == set(VARIABLES)
    found = load(file, environ)
    assert found.api.listen == Listen(path="/run/x.sock")
    assert found.launchpad.service == "https://api.staging.launchpad.net/"
    assert (found.launchpad.credentials, found.name) == (tmp_path / "other", "pod-1")
    assert load(file, dict.fromkeys(environ, "")) == load(file, {})


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PPA_ASSIGNER_LISTEN", "nowhere", "'nowhere' has no port"),
        ("PPA_ASSIGNER_LISTEN", "0.0.0.0:80", "0.0.0.0:80 can be reached by others"),
        ("PPA_ASSIGNER_SERVICE", "producton", "did you mean production?"),
        ("PPA_ASSIGNER_CREDENTIALS", "/nowhere", "/nowhere does not exist"),
        ("PPA_ASSIGNER_NAME", "a b", "'a b' is not a name for a daemon"),
    ],
)
def test_a_variable_that_is_wrong_is_named(file: Path, variable: str, value: str, told: str) -> None:
    """And not the option of the file, which may be right."""
    (mistake,) = mistakes(written(file, api={"listen": "127.0.0.1:1"}, name="right"), {variable: value})
    assert mistake.startswith(f"${variable}: ")
    assert told in mistake


def test_a_variable_does_not_hide_what_is_wrong_with_its_section(file: Path) -> None:
    """A list where a section should be stays a mistake."""
    assert mistakes(written(file, api=[1]), {"PPA_ASSIGNER_LISTEN": "127.0.0.1:1"}) == [
        "api: expects a section of options, like {option: value}, not a list"
    ]


def test_the_file_itself_is_found_by_the_environment(file: Path) -> None:
    """PPA_ASSIGNER_CONFIG; --config wins.  A relative path of credentials starts at the working directory."""
    assert "1 PPA" in cli("check-config", env={"PPA_ASSIGNER_CONFIG": str(file)}).stdout
    done = cli("check-config", "--config", "/nowhere.yaml", env={"PPA_ASSIGNER_CONFIG": str(file)})
    assert (done.returncode, done.stderr[:16]) == (78, "/nowhere.yaml:1:")
    done = cli("check-config", "--config", str(file), env={"PPA_ASSIGNER_CREDENTIALS": "nope"})
    assert f"$PPA_ASSIGNER_CREDENTIALS: {Path.cwd() / 'nope'} does not exist" in done.stderr


def test_it_is_looked_for_in_places_in_order(tmp_path: Path) -> None:
    """The first that is there, also one that cannot be read; if none is, the first is named."""
    here, etc = tmp_path / "config" / "ppas.yaml", tmp_path / "etc" / "ppas.yaml"
    assert find_config((here, etc)) == here
    etc.mkdir(parents=True)
    assert find_config((here, etc)) == etc
    here.parent.mkdir()
    here.write_text("")
    assert find_config((here, etc)) == here
    here.unlink()
    here.symlink_to(here)
    assert find_config((here, etc)) == here
    assert [str(path) for path in PLACES] == ["config/ppas.yaml", "/etc/ppa-assigner/ppas.yaml"]


def test_the_docs_name_the_variables() -> None:
    """All of them, each with its option."""
    claimed = dict(table("| variable | stands for |"))
    assert claimed == {CONFIG: "--config"} | {name: ".".join(map(str, place)) for name, place in VARIABLES.items()}


def test_what_the_docs_say_of_a_reload_is_shown_by_tests() -> None:
    """Each row names one that exists; the figures on access are the code's."""
    rows = table("| what has changed | then | shown by |")
    assert len(rows) > 4
    named = [re.findall(r"([\w/]+\.py)::(\w+)", row[2]) for row in rows]
    assert all(named)
    assert all(f"\ndef {name}(" in (Path(__file__).parent / file).read_text() for row in named for file, name in row)
    assert BURST_S == 20  # "twenty times as many at once"
    assert LIMIT == 64 * 1024


def test_the_docs_show_clients_that_are_right(file: Path) -> None:
    """Its example is read as it stands there, with a digest and files that exist."""
    example = block("api:")
    for digest in (DIGEST, DIGEST[::-1]):
        example = example.replace("…", digest, 1)
    example = example.replace("/etc/ppa-assigner/", f"{file.parent}/")
    found = load(written(file, **yaml.safe_load(example)), {}).api
    assert [client.role for client in found.clients] == [Role.CLIENT, Role.OPERATOR]
    assert found.tls is not None
    assert Caller("x", Role.CLIENT, found.clients[0].owners).may_end(Lease("https://ci.example/job/1"))


# -- doors --------------------------------------------------------------------------------------------------------


def test_tls_and_the_permissions_of_a_socket(file: Path) -> None:
    """Relative to the file; a mode is octal, as text and as number."""
    tls = {"certificate": "cert.pem", "key": "key.pem"}
    assert load(written(file, api={"tls": tls}), {}).api.tls == Tls(file.parent / "cert.pem", file.parent / "key.pem")
    for mode in ("600", "0600", 600):
        api = {"listen": "unix:/x", "socket": {"mode": mode, "group": "ci"}}
        assert load(written(file, api=api), {}).api.listen == Listen(path="/x", mode=0o600, group="ci")


@pytest.mark.parametrize(
    ("api", "told"),
    [
        ({"tls": {"certificate": "cert.pem"}}, "api.tls.key: is missing; certificate and key go together"),
        ({"tls": {"key": "key.pem"}}, "api.tls.certificate: is missing"),
        ({"tls": {"certificate": "cert.pem", "key": "nope"}}, "api.tls.key: .*/nope does not exist"),
        ({"listen": "unix:/x", "tls": {"certificate": "cert.pem", "key": "key.pem"}}, "api.tls: is for an address"),
        ({"socket": {"mode": "rw"}}, "api.socket.mode: 'rw' is not a mode of a file"),
        ({"socket": {"mode": 888}}, "api.socket.mode: 888 is not a mode of a file"),
        ({"socket": {"mode": "4660"}}, "api.socket.mode: '4660' is not a mode"),
        ({"socket": {"group": "a b"}}, "api.socket.group: 'a b' is not a name of a group"),
        ({"rate": 0}, "api.rate: must be at least 1"),
        ({"listen": "0.0.0.0:80", "tls": {"certificate": "cert.pem", "key": "key.pem"}}, "there are no clients"),
    ],
)
def test_doors_that_are_wrong(file: Path, api: dict[str, Any], told: str) -> None:
    """Each mistake by its option."""
    (mistake,) = mistakes(written(file, api=api))
    assert re.search(told, mistake), mistake


# -- warnings -----------------------------------------------------------------------------------------------------

ANN = {"name": "ann", "token_sha256": DIGEST, "role": "operator"}


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({}, []),
        ({"api": {"listen": "unix:/x", "socket": {"mode": "666"}}}, ["api.socket.mode"]),
        ({"api": {"listen": "unix:/x", "socket": {"mode": "666"}, "clients": [ANN]}}, []),
        ({"api": {"socket": {"mode": "600"}}}, ["api.socket"]),
        ({"api": {"listen": "0.0.0.0:1", "clients": [ANN]}}, ["api.listen"]),
        ({"api": {"listen": "0.0.0.0:1", "clients": [ANN], "tls": {"certificate": "cert.pem", "key": "key.pem"}}}, []),
        ({"api": {"tls": {"certificate": "cert.pem", "key": "open.pem"}}}, ["api.tls.key"]),
        ({"launchpad": {"credentials": "open.pem"}}, ["launchpad.credentials"]),
        ({"api": {"clients": [{**ANN, "role": "client"}]}}, ["api.clients"]),
        ({"api": {"clients": [{**ANN, "owners": ["x"]}]}}, ["api.clients"]),
        ({"api": {"clients": [ANN], "promote_to": ["~a/ubuntu/*"]}}, ["api.promote_to"]),
        ({"api": {"promote_to": ["~a/ubuntu/*"]}}, []),
        ({"pools": {"p": {"ppas": ["~a/ubuntu/x"], "verify_age": None}}}, ["pools.p.verify_age"]),
        ({"pools": {"p": {"ppas": ["~a/ubuntu/x"], "grant_upload": True}}}, ["pools.p.grant_upload"]),
        (
            {
                "launchpad": {"credentials": "c", "look_every": "3m"},
                "pools": {"p": {"ppas": ["~a/ubuntu/x"], "settle": "2m"}},
            },
            ["launchpad.look_every"],
        ),
        (
            {
                "launchpad": {"credentials": "c", "look_every": "6m"},
                "pools": {"p": {"ppas": ["~a/ubuntu/x"], "settle": "7m"}},
            },
            ["launchpad.look_every"],
        ),
        ({"pools": {"p": {"ppas": ["~a/ubuntu/x"], "settle": "2m"}}}, []),
    ],
)
def test_what_may_not_be_meant_is_a_warning(file: Path, sections: dict[str, Any], told: list[str]) -> None:
    """The file can be used; each warning begins with the option."""
    document: dict[str, Any] = {**ONE, "launchpad": {"credentials": "c"}, **sections}
    if "pools" in sections:
        del document["ppas"]
    file.write_text(yaml.safe_dump(document))
    assert [warning.split(": ")[0] for warning in find_warnings(load(file, {}))] == told


def test_credentials_in_the_clear_are_a_warning(file: Path) -> None:
    """Not to this host."""
    assert ["credentials go to http://launchpad.invalid/" in one for one in find_warnings(load(file, {}))] == [True]
    here = {"credentials": "c", "service": "http://127.0.0.1:1/"}
    assert find_warnings(load(written(file, launchpad=here), {})) == []


def test_a_working_directory_that_is_gone_is_no_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a daemon that is reloaded long after its start."""
    gone = file.parent / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    found = load(file, {"PPA_ASSIGNER_CREDENTIALS": str(file.parent / "c")})
    assert found.launchpad.credentials == file.parent / "c"
    with pytest.raises(ConfigError, match=r"\$PPA_ASSIGNER_CREDENTIALS: c is relative to a working directory that is"):
        load(file, {"PPA_ASSIGNER_CREDENTIALS": "c"})


# -- check-config -------------------------------------------------------------------------------------------------


def check(file: Path) -> tuple[Done, Any]:
    """`check-config --json`."""
    done = cli("check-config", "--json", "--config", str(file))
    assert done.stderr == ""
    return done, json.loads(done.stdout)


def test_check_config_for_ci(file: Path) -> None:
    """0 with warnings, 78 with mistakes; one document with all of them.  Launchpad is not asked: there is none."""
    done, told = check(file)
    assert (done.returncode, told["valid"], told["mistakes"]) == (0, True, [])
    assert len(told["warnings"]) == 1
    plain = cli("check-config", "--config", str(file))
    assert (plain.returncode, plain.stderr) == (0, f"warning: {told['warnings'][0]}\n")
    file.write_text("ppas: [nonsense]\n\nname: a b\nlaunchpad: {credentials: c}\n")
    done, told = check(file)
    assert (done.returncode, told["valid"], told["warnings"]) == (78, False, [])
    assert [(one["file"], one["line"]) for one in told["mistakes"]] == [(str(file), 1), (str(file), 3)]
    assert told["mistakes"][0]["message"].startswith("ppas[0]: ")
    (file.parent / "c").write_text("nothing")
    done, told = check(written(file))
    assert (done.returncode, [one["line"] for one in told["mistakes"]]) == (78, [None])
    assert "not a file of Launchpad credentials" in told["mistakes"][0]["message"]


# -- the schema -----------------------------------------------------------------------------------------------------


def test_the_shipped_schema_is_the_codes() -> None:
    """`check-config --schema > config/ppas.schema.json` makes it anew; editors are led to it by ppas.yaml."""
    assert SCHEMA.read_text() == schema_text() == cli("check-config", "--schema").stdout
    assert SHIPPED.read_text().startswith("# yaml-language-server: $schema=ppas.schema.json\n")
    jsonschema_rs.meta.validate(json_schema())


def examples() -> dict[str, str]:
    """All configurations that are shown to people, and one that has everything."""
    return {
        "shipped": SHIPPED.read_text(),
        "uncommented": uncommented(),
        "readme": block('ppas: ["~ci-pool'),
        "demo": demo_config("127.0.0.1:8020", "http://127.0.0.1:1/"),
        "everything": EVERYTHING.replace("publish: yes", "publish: true").replace(
            "4.2:", "'4.2':"
        ),  # as the daemon reads it
    }


@pytest.mark.parametrize("name", ["shipped", "uncommented", "readme", "demo", "everything"])
def test_examples_fit_the_schema(name: str) -> None:
    """What an editor would underline would be wrong."""
    jsonschema_rs.validator_for(json_schema()).validate(yaml.safe_load(examples()[name]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ppas": "~a/ubuntu/x"},
        {"pools": {"default": {}}},
        {"pools": {"a b": {"ppas": ["~a/ubuntu/x"]}}},
        {"pools": {"p": {"ppas": ["~a/ubuntu/x"], "ttl": "soon"}}},
        {"pools": {"p": {"ppas": ["~a/ubuntu/x"], "proof": "some"}}},
        {"pools": {"p": {"ppas": ["~a/ubuntu/x"], "max_tries": 0}}},
        {"launchpad": {"version": "1.0"}},
        {"launchpad": {"connections": 1}},
        {"api": {"listen": 8020}},
        {"api": {"clients": [{"name": "x"}]}},
        {"api": {"clients": [{**ANN, "role": "admin"}]}},
        {"api": {"socket": {"mode": "rw"}}},
        {"api": {"rate": 0}},
        {"api": {"tls": {"cert": "x"}}},
        {"nmae": "x"},
        {"pools": {"p": {"ppas": ["~a/ubuntu/x"]}}, "ppas": ["~a/ubuntu/y"]},
    ],
)
def test_what_the_schema_refuses_the_daemon_refuses(file: Path, wrong: dict[str, Any]) -> None:
    """An editor that underlines something is right."""
    document = {**({} if "pools" in wrong else ONE), **wrong}
    assert not jsonschema_rs.validator_for(json_schema()).is_valid(document)
    file.write_text(yaml.safe_dump(document))
    assert mistakes(file)


def test_a_file_without_ppas_is_refused_by_both(file: Path) -> None:
    """The list of PPAs is all that is required."""
    file.write_text("name: x\n")
    assert not jsonschema_rs.validator_for(json_schema()).is_valid({"name": "x"})
    assert "there are no PPAs" in mistakes(file)[0]
