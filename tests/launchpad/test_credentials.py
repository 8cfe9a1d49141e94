"""The file with the account's token: what is read, and what is said of each way in which it is wrong."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from ppa_assigner.cli.doctor import host
from ppa_assigner.config import load
from ppa_assigner.launchpad import CredentialsError, load_credentials
from tests.commandline import cli
from tests.processes import configure, running, start_launchpad
from tests.test_reload import reload

GOOD = "[1]\nconsumer_key = robot\nconsumer_secret = \naccess_token = Abc0123\naccess_secret = Sesame42\n\n"
LOGIN = "`ppa-assigner login`"


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        GOOD.encode("utf-16"),
        GOOD.replace("\n", "\n    ").encode(),
        GOOD.rstrip().encode(),
        GOOD.replace(" = ", "=").encode(),
        f"# a comment\n\n{GOOD}".encode(),
        GOOD.replace("robot", "System-wide: Ubuntu (host)").encode(),
    ],
    ids=["as written", "byte order mark", "CRLF", "CR", "UTF-16", "indented", "no last line end", "narrow", "comment",
         "launchpadlib's"],
)  # fmt: skip
def test_what_means_one_thing_is_read(tmp_path: Path, content: bytes) -> None:
    """However an editor, a copy or a secret store has it."""
    (tmp_path / "c").write_bytes(content)
    found = load_credentials(tmp_path / "c")
    assert (found.access_token.key, found.access_token.secret) == ("Abc0123", "Sesame42")
    assert found.consumer.key in ("robot", "System-wide: Ubuntu (host)")


def without(key: str) -> str:
    """The good file without this key's line."""
    return "".join(line for line in GOOD.splitlines(keepends=True) if not line.startswith(key))


WRONG: dict[str, tuple[bytes | str, str]] = {
    "empty": ("", "is empty; write one with"),
    "blank": ("\n \n", "is empty; write one with"),
    "literal line ends": (GOOD.replace("\n", "\\n"), r"holds \n as two characters"),
    "a literal line end in the secret": (GOOD.replace("Sesame42", "Sesame42\\n"), r"holds \n as two characters"),
    "keyring": (
        f"<B64>{base64.b64encode(GOOD.encode()).decode()}",
        "begins with <B64>, as launchpadlib writes to a keyring; take that away",
    ),
    "base64": (base64.b64encode(GOOD.encode()), "is encoded in base64; decode it with"),
    "no section": (GOOD.removeprefix("[1]\n"), "has no line [1]; write it above"),
    "other section": (GOOD.replace("[1]", "[2]"), "has no line [1]; write it above"),
    "section twice": (GOOD + GOOD, "the line [1] stands twice (line 7)"),
    "missing secret": (without("access_secret"), "access_secret missing in it; copy all"),
    "missing token": ("[1]\nconsumer_key = x\n", "consumer_secret and access_token and access_secret missing"),
    "key twice": (GOOD.replace("access_secret", "access_token"), "access_token stands twice (line 5)"),
    "no value": (GOOD.replace("Sesame42", ""), "access_secret has no value"),
    "masked": (GOOD.replace("Sesame42", "***"), "access_secret is masked"),
    "masked in part": (GOOD.replace("Sesame42", "Ses*****"), "access_secret is masked"),
    "masked by a word": (GOOD.replace("Sesame42", "[MASKED]"), "access_secret is masked"),
    "masked whole": ("***\n", "is masked, as logs and pages show a secret"),
    "variable": (GOOD.replace("Sesame42", "${LP_SECRET}"), "access_secret is the name of a variable"),
    "variable for all": ("${{ secrets.LP }}\n", "holds the name of a variable"),
    "value in quotes": (GOOD.replace("Sesame42", '"Sesame42"'), "access_secret stands in quotes"),
    "all in quotes": (f"'{GOOD.strip()}'", "stands in quotes"),
    "a space": (GOOD.replace("Sesame42", "Sesame 42"), "access_secret holds characters that it cannot have"),
    "other characters": (GOOD.replace("Sesame42", "Sésame42"), "access_secret holds characters that it cannot have"),
    "a percent sign": (GOOD.replace("Sesame42", "%(Sesame42"), "access_secret holds characters that it cannot have"),
    "no text": (b"\x80Sesame42\xff", "not a file of Launchpad credentials: it is not text"),
    "large": ("Sesame42" * 10_000, "not a file of Launchpad credentials: longer than 64 KiB"),
    "another file": ("Sesame42: 1\n", f"not a file of Launchpad credentials; write one with {LOGIN}"),
    "a line that is none": (GOOD + "Sesame42\n", f"not a file of Launchpad credentials; write one with {LOGIN}"),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_mistake_has_its_own_sentence(tmp_path: Path, case: str) -> None:
    """One line that names the file and what to do, and gives nothing of it away."""
    content, sentence = WRONG[case]
    (tmp_path / "c").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CredentialsError) as caught:
        load_credentials(tmp_path / "c")
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'c'}: {sentence}")
    assert told.isprintable()
    assert not any(secret in told for secret in ("Sesame", "Abc", "Ses*", "LP_SECRET"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Not there, a directory, a name that is none."""
    for path, told in (
        (tmp_path / "none", "No such file or directory; write one with"),
        (tmp_path, "Is a directory; name the file in it"),
    ):
        with pytest.raises(CredentialsError, match=f"{path}: {told}"):
            load_credentials(path)
    with pytest.raises(CredentialsError, match="not a name of a file"):
        load_credentials("a\0b")


def test_it_is_the_same_wherever_it_is_said(tmp_path: Path) -> None:
    """check-config, the start, doctor and a reload, which changes nothing."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "1")
    try:
        (one,) = launchpad.control.ppas("ci-pool", names=["one"])
        daemon = configure(tmp_path, launchpad, ppas=[one])
        settings = load(daemon.config)
        file = settings.launchpad.credentials
        assert file is not None
        good = file.read_bytes()
        with running(daemon):
            daemon.start()
            for case in ("literal line ends", "keyring", "no section", "masked"):
                content, sentence = WRONG[case]
                assert isinstance(content, str)
                file.write_text(content)
                line = f"{file}: {sentence}"
                said = reload(daemon)
                assert "not reloaded, nothing is changed" in said
                assert line in said
                (found,) = host.credentials(settings)
                assert (found.grade.value, found.found.startswith(line)) == ("bad", True)
                checked = cli("check-config", "--json", "--config", str(daemon.config))
                assert checked.returncode == 78
                assert json.loads(checked.stdout)["mistakes"][0]["message"].startswith(line)
            started = cli("run", "--config", str(daemon.config))
            assert (started.returncode, started.stderr.startswith(line)) == (78, True)
            file.write_bytes(b"\xef\xbb\xbf" + good)
            assert "not reloaded" not in reload(daemon)
            assert daemon.http.get("/readyz").status_code == 200
    finally:
        launchpad.stop()
