"""`doctor` against a stand-in in a process of its own: what it says of each thing that can be wrong at Launchpad and in
the files, that it writes nothing, and that it asks little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from ppa_assigner.cli import main
from ppa_assigner.record import compose

from ..commandline import cli
from ..ports import free_port
from .site import DIRTY, FIRST, POOL, USED, Site

pytestmark = pytest.mark.xdist_group("doctor")

# -- all is well ------------------------------------------------------------------------------------------------------


def test_all_is_well(site: Site) -> None:
    """0; one line each, with a mark; nothing but GET was sent."""
    code = main(["doctor", "--config", str(site.config)])
    lines = site.capsys.readouterr().out.splitlines()
    assert code == 0, lines
    assert {line[:2] for line in lines} == {"✓ ", "· "}
    told = {line.split()[1] for line in lines}
    assert {"configuration", "credentials", "launchpad", "account", "clock", "rights", "records", "daemon"} <= told
    assert any("5 free, 0 used, 0 dirty" in line for line in lines)
    assert {each["method"] for each in site.control.log()} == {"GET"}


def test_a_terminal_without_the_marks(site: Site) -> None:
    """As a process: plain marks, and all the lines."""
    done = cli("doctor", "--config", str(site.config), env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert {line[:2] for line in done.stdout.splitlines()} == {"+ ", "- "}


def test_no_configuration_at_all(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """78, and the name of the file that is not there."""
    assert main(["doctor", "--config", "/nowhere/ppas.yaml"]) == 78
    assert capsys.readouterr().out.startswith("✗ configuration /nowhere/ppas.yaml")


def test_three_hundred_ppas_cost_few_requests(site: Site) -> None:
    """As many as five."""
    site.doctor()
    five = len(site.control.log())
    site.act_as(site.control.reset(owner="ci-pool", ppas=300)["credentials"]["ppa-bot"])
    site.pool["ppas"] = ["~ci-pool/ubuntu/pool-{001..300}"]
    told = site.doctor()
    assert told.code == 0
    told.expect("good", "rights", "~ppa-bot may write to the 300 public PPAs")
    assert len(site.control.log()) <= five <= 8


# -- what can be wrong ------------------------------------------------------------------------------------------------


def stranger(site: Site) -> None:
    site.act_as(site.control.token("stranger"))


def only_reads(site: Site) -> None:
    site.act_as(site.control.token("ppa-bot", level="READ_PUBLIC"))


def private(site: Site) -> None:
    site.act_as(site.control.token("ppa-bot", level="READ_PRIVATE"))
    site.control.settings(FIRST, private=True)


def private_and_hidden(site: Site) -> None:
    site.act_as(site.control.token("ppa-bot", level="WRITE_PUBLIC"))
    site.control.settings(FIRST, private=True)


def expired(site: Site) -> None:
    site.act_as(site.control.token("ppa-bot", expired=True))


def missing(site: Site) -> None:
    site.pool["ppas"] = [POOL, "~ci-pool/ubuntu/typo"]


def deleted(site: Site) -> None:
    site.control.remove_ppa(FIRST)


def no_owner(site: Site) -> None:
    site.pool["ppas"] = [POOL, "~ci-poool/ubuntu/pool-001"]


def wrong_list(site: Site) -> None:
    site.pool = {"ppas": ["~ci-pool/ubuntu"], "ttl": "soon"}


def no_credentials(site: Site) -> None:
    site.credentials.unlink()


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        (stranger, 77, ("rights", "~stranger may not write", FIRST, "is not a member of ~ci-pool")),
        (only_reads, 77, ("rights", "~ppa-bot may not write", "its token lacks access", "WRITE_PUBLIC")),
        (private, 77, ("rights", FIRST, "WRITE_PRIVATE")),
        (private_and_hidden, 77, (FIRST, "not shown to us", "WRITE_PRIVATE")),
        (expired, 77, ("account", "Expired token", "ppa-assigner login")),
        (missing, 78, ("ppas", "~ci-pool/ubuntu/typo: not there", "create: true")),
        (deleted, 78, ("ppas", FIRST, "deleted")),
        (no_owner, 78, ("ppas", "~ci-poool: there is no such owner")),
        (wrong_list, 78, ("configuration", "ppas.yaml:1", "soon")),
        (no_credentials, 78, ("configuration", "launchpad.credentials")),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_the_daemon_cannot_work_with(
    site: Site, wrong: Callable[[Site], None], code: int, words: tuple[str, ...]
) -> None:
    """It is named, with what to do, and the exit code is that of the gravest."""
    wrong(site)
    told = site.doctor()
    assert told.code == code, told.items
    told.expect("bad", *words)


def test_an_environment_without_verified_certificates(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """78, and no credentials were sent."""
    monkeypatch.setenv("LP_DISABLE_SSL_CERTIFICATE_VALIDATION", "1")
    told = site.doctor()
    assert told.code == 78
    told.expect("bad", "launchpad", "LP_DISABLE_SSL_CERTIFICATE_VALIDATION")
    assert site.control.log() == []


def as_it_is(site: Site) -> None:
    pass


def to_create(site: Site) -> None:
    site.pool |= {"ppas": [POOL, "~ci-pool/ubuntu/new"], "create": True}


def to_create_by_a_member(site: Site) -> None:
    site.control.team("other", "stranger", ["ppa-bot"])
    site.pool |= {"ppas": ["~other/ubuntu/new"], "create": True}


def growing(site: Site) -> None:
    site.pool |= {"grow": {"names": "~ci-pool/ubuntu/new-{01..09}", "max": 5}}


def growing_for_a_member(site: Site) -> None:
    site.control.team("other", "stranger", ["ppa-bot"])
    site.pool |= {"grow": {"names": "~other/ubuntu/new-{01..09}", "max": 5}}


def to_create_by_an_administrator(site: Site) -> None:
    site.control.team("other", "stranger")
    site.control.member("other", "ppa-bot", admin=True)
    site.pool |= {"ppas": ["~other/ubuntu/new"], "create": True}


def to_create_by_a_team_of_administrators(site: Site) -> None:
    site.control.team("heads", "stranger", ["ppa-bot"])
    site.control.team("other", "stranger")
    site.control.member("other", "heads", admin=True)
    site.pool |= {"ppas": ["~other/ubuntu/new"], "create": True}


def to_create_by_an_owning_team(site: Site) -> None:
    site.control.team("heads", "stranger", ["ppa-bot"])
    site.control.team("other", "heads")
    site.pool |= {"ppas": ["~other/ubuntu/new"], "create": True}


def unpublished(site: Site) -> None:
    site.control.settings(FIRST, publish=False)


def private_indexes(site: Site) -> None:
    site.control.settings(FIRST, private=True)
    site.pool["proof"] = "index"


def unreadable(site: Site) -> None:
    site.control.describe(FIRST, 'ppa-assigner: {"v":1}')


def foreign(site: Site) -> None:
    site.control.describe(FIRST, 'ppa-assigner: {"v":99}')


def without(site: Site) -> None:
    site.control.describe(FIRST, "Somebody's.")


def quarantined(site: Site) -> None:
    site.control.describe(FIRST, compose(None, replace(DIRTY, quarantined="5 tries failed")))


def cleaned_by_another(site: Site) -> None:
    site.control.describe(FIRST, compose(None, replace(DIRTY, cleaner="build-host-2/1764126852000/ab12")))


def own_cleaner(site: Site) -> None:
    site.control.describe(FIRST, compose(None, replace(DIRTY, cleaner="one/1764126852000/ab12")))


def another_launchpad(site: Site) -> None:
    site.control.fault("status", operation="getNamedAuthTokens", status=400, text="no such operation")


def used(site: Site) -> None:
    site.control.describe(FIRST, compose("text", USED))


def open_credentials(site: Site) -> None:
    site.credentials.chmod(0o640)


def other_clock(site: Site) -> None:
    site.control.clock(step=3600)


@pytest.mark.parametrize(
    ("odd", "grade", "words"),
    [
        (to_create, "good", ("~ci-pool/ubuntu/new: not there, the daemon will create it",)),
        (growing, "good", ("growth", "~ppa-bot may create PPAs of ~ci-pool")),
        (growing_for_a_member, "warning", ("growth", "cannot grow", "~ppa-bot is an administrator of ~other")),
        (to_create_by_a_member, "warning", ("~other/ubuntu/new", "~ppa-bot is an administrator of ~other")),
        (to_create_by_an_administrator, "good", ("~other/ubuntu/new: not there, the daemon will create it",)),
        (to_create_by_a_team_of_administrators, "good", ("~other/ubuntu/new: not there, the daemon will create it",)),
        (to_create_by_an_owning_team, "good", ("~other/ubuntu/new: not there, the daemon will create it",)),
        (unpublished, "warning", (FIRST, "publishing is off")),
        (private_indexes, "warning", (FIRST, "proof: index")),
        (unreadable, "warning", (FIRST, "cannot be read", "adopt")),
        (foreign, "warning", (FIRST, "cannot be read")),
        (without, "note", (FIRST, "no record yet", "adopt")),
        (quarantined, "warning", (f"{FIRST} is in quarantine: 5 tries failed", f"resume {FIRST}")),
        (cleaned_by_another, "note", ("daemons", "build-host-2")),
        (own_cleaner, "good", ("4 free, 0 used, 1 dirty",)),
        (used, "good", ("4 free, 1 used, 0 dirty",)),
        (another_launchpad, "warning", ("rights", "does not say", "no such operation", "a member of ~ci-pool")),
        (open_credentials, "warning", ("credentials", "0640", "chmod 600")),
        (other_clock, "warning", ("clock", "behind Launchpad's", "NTP")),
        (as_it_is, "note", ("quota", "5 x 8192 MiB")),
        (as_it_is, "note", ("access", "no clients: everybody who reaches unix:")),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_a_person_may_want_to_know(
    site: Site, odd: Callable[[Site], None], grade: str, words: tuple[str, ...]
) -> None:
    """It is told, and the exit code is 0: the daemon works."""
    odd(site)
    told = site.doctor()
    assert told.code == 0, told.items
    told.expect(grade, *words)
    assert ("build-host-2" in str(told.items)) is (odd is cleaned_by_another)


# -- outages ----------------------------------------------------------------------------------------------------------


def gone(site: Site) -> None:
    site.launchpad["service"] = f"http://127.0.0.1:{free_port()}/"


def hangs(site: Site) -> None:
    site.control.fault("hang")


def overloaded(site: Site) -> None:
    site.control.fault("status", status=503, text="too busy")


def hangs_at_the_listing(site: Site) -> None:
    site.control.fault("hang", path="/ppas")


def hangs_at_the_rights(site: Site) -> None:
    site.control.fault("hang", operation="getNamedAuthTokens")


@pytest.mark.parametrize("outage", [gone, hangs, overloaded, hangs_at_the_listing, hangs_at_the_rights])
def test_launchpad_is_down(site: Site, outage: Callable[[Site], None]) -> None:
    """69 and a line that says so, within the deadline of a request or two; what is here is told all the same."""
    site.launchpad["timeout"] = {"connect": "1s", "read": "2s", "total": "2s"}
    outage(site)
    begun = time.monotonic()
    told = site.doctor()
    assert time.monotonic() - begun < 20
    assert told.code == 69
    told.expect("bad", "launchpad", "does not answer")
    assert "daemon" in {one["check"] for one in told.items}
    site.control.unfault()
    site.control.release(verdict="drop")
