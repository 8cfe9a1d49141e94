"""Builds that go through their states by the stand-in's clock, and end as rules say."""

from __future__ import annotations

import pytest

from ppa_assigner.standin.control_client import ControlClient, ControlError

from .client import Client, archive

PPA = "~ci-pool/ubuntu/pool-001"
PATH = archive(PPA)


def go_on(control: ControlClient, seconds: float) -> dict[str, str]:
    """The states of the builds that many seconds later, by source and architecture."""
    control.clock(step=seconds)
    control.run("builders")
    return states(control)


def states(control: ControlClient) -> dict[str, str]:
    """The states of the builds, by source and architecture."""
    return {f"{build['name']} {build['arch']}": build["state"] for build in control.packages(PPA)["builds"]}


def published(control: ControlClient) -> list[str]:
    """The binaries, with their status."""
    return [f"{b['name']} {b['where'].rpartition('/')[2]} {b['status']}" for b in control.packages(PPA)["binaries"]]


@pytest.fixture
def stopped(control: ControlClient) -> ControlClient:
    """The clock stands still, and moves when a test says so; a build waits 10 s, takes 100 and is uploaded in 1."""
    control.clock(speed=0)
    control.building(queue=10, take=100, upload=1)
    control.automatic(builders=None)
    return control


def test_nothing_is_built_unless_that_is_said(control: ControlClient) -> None:
    """A build waits for ever."""
    control.dput(PPA, "foo", "1")
    assert go_on(control, 86_400) == {"foo amd64": "Needs building", "foo arm64": "Needs building"}


def test_a_build_goes_through_its_states(client: Client, stopped: ControlClient) -> None:
    """It waits, is built, is uploaded, and its binary is published by the next run of the publisher."""
    stopped.dput(PPA, "foo", "1")
    assert go_on(stopped, 9)["foo amd64"] == "Needs building"
    assert go_on(stopped, 2)["foo amd64"] == "Currently building"
    assert go_on(stopped, 99)["foo amd64"] == "Uploading build"
    assert published(stopped) == []
    assert go_on(stopped, 2) == {"foo amd64": "Successfully built", "foo arm64": "Successfully built"}
    assert published(stopped) == []
    stopped.run("publisher")
    assert published(stopped) == ["foo amd64 Published", "foo arm64 Published"]
    build = client.get(f"{PATH}?ws.op=getBuildRecords")["entries"][0]
    assert build["build_log_url"].endswith("/+files/buildlog_ubuntu-noble-arm64.foo_1_BUILDING.txt.gz")
    assert build["datecreated"] < build["date_started"] < build["datebuilt"]


def test_a_run_catches_up(stopped: ControlClient) -> None:
    """All that was due since the last run is done, at the times when it was due."""
    stopped.dput(PPA, "foo", "1")
    assert go_on(stopped, 3600)["foo amd64"] == "Successfully built"


def test_builds_go_by_themselves(control: ControlClient) -> None:
    """Nobody has to run a script once they are switched on, until they are switched off."""
    control.building(queue=0, take=0, upload=0, every=0.05)
    before = control.runs("builders")
    control.dput(PPA, "foo", "1")
    control.runs("builders", least=before + 2, timeout=30)
    assert set(states(control).values()) == {"Successfully built"}
    assert control.building(on=False)["on"] is False
    control.dput(PPA, "bar", "1")
    assert set(go_on(control, 60).values()) == {"Successfully built", "Needs building"}


@pytest.mark.parametrize("state", ["Failed to build", "Chroot problem", "Failed to upload", "Cancelled build"])
def test_a_build_fails_as_a_rule_says(client: Client, stopped: ControlClient, state: str) -> None:
    """Of one architecture of one source; retried it goes another way, for the rule was for one build."""
    stopped.build_rule(state=state, source="foo", arch="arm64", times=1)
    stopped.dput(PPA, "foo", "1")
    stopped.dput(PPA, "bar", "1")
    found = go_on(stopped, 3600)
    assert found.pop("foo arm64") == state
    assert set(found.values()) == {"Successfully built"}
    (failed,) = [b for b in client.get(f"{PATH}?ws.op=getBuildRecords")["entries"] if b["buildstate"] == state]
    assert (failed["build_log_url"] is None) == (state == "Cancelled build")
    assert (failed["upload_log_url"] is not None) == (state == "Failed to upload")
    assert client.post(str(failed["self_link"]).removeprefix(client.url("")), "retry").status == 200
    assert go_on(stopped, 3600)["foo arm64"] == "Successfully built"


def test_a_build_waits_for_a_dependency(client: Client, stopped: ControlClient) -> None:
    """It says for what, and succeeds when it is built again once that is published in a version that is enough."""
    stopped.build_rule(source="app", waits_for="libfoo-dev (>= 2)")
    stopped.dput(PPA, "app", "1")
    assert go_on(stopped, 3600)["app amd64"] == "Dependency wait"
    build = client.get(f"{PATH}?ws.op=getBuildRecords")["entries"][0]
    assert (build["dependencies"], build["can_be_retried"]) == ("libfoo-dev (>= 2)", True)
    for version, after in (("1", "Dependency wait"), ("2", "Successfully built")):
        stopped.upload(PPA, "libfoo", version, binaries=[{"name": "libfoo-dev"}])
        stopped.run("retry_waiting")
        assert go_on(stopped, 3600)["app amd64"] == after
    assert states(stopped)["app arm64"] == "Dependency wait"


def test_a_build_of_a_deleted_source(client: Client, stopped: ControlClient) -> None:
    """One that waits is given up; one that runs goes on, and its binary is published though its source is gone."""
    stopped.build_rule(source="foo", queue=0)
    stopped.dput(PPA, "foo", "1")
    stopped.dput(PPA, "bar", "1")
    go_on(stopped, 5)
    for source in client.get(f"{PATH}?ws.op=getPublishedSources")["entries"]:
        path = str(source["self_link"]).removeprefix(client.url(""))
        assert client.post(path, "requestDeletion").status == 200
    found = go_on(stopped, 3600)
    assert (found["foo amd64"], found["bar amd64"]) == ("Successfully built", "Build for superseded Source")
    stopped.run("publisher")
    assert published(stopped) == ["foo amd64 Published", "foo arm64 Published"]


def test_a_disabled_ppa_builds_nothing(stopped: ControlClient) -> None:
    """Its builds wait until it is enabled again."""
    stopped.settings(PPA, enabled=False)
    stopped.dput(PPA, "foo", "1")
    assert go_on(stopped, 3600)["foo amd64"] == "Needs building"
    stopped.settings(PPA, enabled=True)
    assert go_on(stopped, 1)["foo amd64"] == "Successfully built"


def test_rules_can_be_seen_and_removed(control: ControlClient) -> None:
    """The newest decides; what makes no sense is refused."""
    one, two = control.build_rule(source="foo"), control.build_rule(state="Failed to build", arch="amd64")
    assert [rule["id"] for rule in control.build_rules()] == [two, one]
    assert control.build_unrule(one) == 1
    assert control.build_unrule() == 1
    for nonsense in ({"state": "Currently building"}, {"waits_for": "a | b"}, {"colour": "red"}):
        with pytest.raises(ControlError):
            control.build_rule(**nonsense)
    with pytest.raises(ControlError, match="builds have no colour"):
        control.building(colour=1)
