"""Alert rules, dashboard and docs against what a daemon really tells, and the rules on Prometheus' own engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from ppa_assigner.api.metrics import requests
from ppa_assigner.record import State
from ppa_assigner.views import Condition
from tests import needs
from tests.commandline import Running, started
from tests.docs.pages import table
from tests.processes import Daemon, Launchpad, configure, running, start_launchpad
from tests.waiting import until

FOLDER = Path(__file__).parent.parent / "config" / "monitoring"
RULES, DASHBOARD = FOLDER / "alerts.yaml", FOLDER / "dashboard.json"
OF_THE_SCRAPE = {"job", "instance"}
VALUES = {
    "state": {state.value for state in State},
    "condition": {condition.value for condition in Condition},
    "outcome": {*requests.ASSIGN_OUTCOMES, *requests.WRITE_OUTCOMES},
}
OWNER = 'ticket "77"\nppa_assigner_forged 1\n\' of Ann'
SELECTOR = re.compile(r"(?<![\w:$\"])((?:ppa_assigner|process)_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")


def alerts() -> dict[str, dict[str, Any]]:
    """The rules by name."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    found = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in found}) == len(found)
    return {rule["alert"]: rule for rule in found}


def panels() -> list[dict[str, Any]]:
    """Those of the dashboard that show something."""
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression, with where it stands."""
    for name, rule in alerts().items():
        yield name, rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


# -- against a real run -----------------------------------------------------------------------------------------------


def test_rules_dashboard_and_docs_name_what_a_daemon_tells(tmp_path: Path) -> None:
    """After a run in which something of everything happened, seen through by who follows its events over a kill."""
    launchpad = start_launchpad("--ppas", "3")
    daemon = configure(
        tmp_path, launchpad, ppas=["~ci-pool/ubuntu/pool-{001..003}"], retry={"first": "0.1s", "max": "0.1s"}
    )
    try:
        with running(daemon), started("events", "--follow", "--json", url=f"unix:{daemon.address}") as follower:
            daemon.start().wait_for_states(free=3)
            live(daemon, launchpad)
            text = daemon.http.get("/metrics").text
            daemon.kill()
            daemon.start()
            followed = read_until_restarted(follower)
    finally:
        launchpad.stop()
    known = samples(text)
    log_and_metrics_keep_secrets(daemon, text)
    names_are_known(known)
    docs_are_complete(text)
    labels_are_few(known)
    metrics_are_well_formed(text)
    events_were_told_once(followed)


def live(daemon: Daemon, launchpad: Launchpad) -> None:
    """Assigns of every kind, a clean that fails once, and a quarantine."""
    lease = daemon.assign("r1", owner=OWNER, ppa="~ci-pool/ubuntu/pool-001").json()
    assert daemon.assign("r1", attempt=1, owner=OWNER).status_code == 200
    assert [daemon.assign(f"r{n}").status_code for n in (2, 3, 4)] == [201, 201, 409]
    assert daemon.assign(pool="no such pool").status_code == 404
    launchpad.control.upload(lease["ppa"], "hello", "1.0-1")
    launchpad.control.fault("status", operation="requestDeletion", status=400, text="not now", times=1)
    assert daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
    daemon.wait_for_states(free=1, used=2, timeout=60.0)
    act = f"/v1/ppas/{lease['ppa']}/quarantine"
    assert daemon.http.post(act, json={"reason": "a test"}).status_code == 200
    until(lambda: len(daemon.ppas(condition="quarantined")) == 1, "quarantine", 30.0)


def log_and_metrics_keep_secrets(daemon: Daemon, text: str) -> None:
    """Nothing of the credentials is in them; an owner's new lines begin no line; a refusal is no error."""
    credentials = (daemon.folder / "launchpad.credentials").read_text()
    secrets = re.findall(r"^(?:access_token|access_secret) = (\S+)$", credentials, re.MULTILINE)
    assert len(secrets) == 2
    assert not [secret for secret in secrets if secret in daemon.log + text]
    lines = daemon.log.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING) ", line) for line in lines), daemon.log
    assert [line for line in lines if " INFO none-free: " in line and line.endswith("owner=tester request=r4")]
    assert [line for line in lines if f"free -> used (assigned) owner={OWNER!r} lease=" in line]
    assert [line for line in lines if " WARNING " in line and "quarantined: a test" in line]


def read_until_restarted(follower: Running) -> list[dict[str, Any]]:
    """What was followed, to the first that the second daemon tells."""
    assert follower.stdout is not None
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["kind"] != "reset":
        seen.append(json.loads(follower.stdout.readline()))
    return seen


def events_were_told_once(seen: list[dict[str, Any]]) -> None:
    """All of them in order, and the restart is said."""
    *events, reset = seen
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert reset["data"] == {"why": "restarted", "first": 1}
    kinds = {event["kind"] for event in events}
    assert kinds >= {"transition", "cleaning", "failure", "condition"}
    moves = [(e["data"]["to"], e["data"]["owner"]) for e in events if e["kind"] == "transition"]
    assert ("used", OWNER) in moves


def samples(text: str) -> dict[str, dict[str, set[str]]]:
    """The values of each label of each sample."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    return found


def names_are_known(known: dict[str, dict[str, set[str]]]) -> None:
    """Every metric that an expression names is told, with the labels that it chooses and groups by."""
    for where, expression in expressions():
        used = SELECTOR.findall(expression)
        assert used, where
        labels = set(OF_THE_SCRAPE)
        for name, matchers in used:
            assert name == "up" or name in known, f"{where}: {name}"
            own = set(known.get(name, ())) | OF_THE_SCRAPE
            assert {label for label, _, _ in MATCHER.findall(matchers)} <= own, f"{where}: {name} has {own}"
            labels |= own
        for group in GROUPING.findall(expression):
            assert set(re.findall(r"\w+", group)) <= labels, f"{where}: {group}"


def docs_are_complete(text: str) -> None:
    """The table of metrics is what is told: names, kinds and labels."""
    real = set()
    for family in text_string_to_metric_families(text):
        if family.name.startswith("ppa_assigner"):
            suffix = "_total" if family.type == "counter" else ""
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            real.add((family.name + suffix, ", ".join(sorted(labels))))
    assert {(name, labels) for name, labels, _ in table("| metric | labels | tells |")} == real


def labels_are_few(known: dict[str, dict[str, set[str]]]) -> None:
    """Nothing that a client chose or a lease is named by: series do not grow with use."""
    told = {value for labels in known.values() for values in labels.values() for value in values}
    assert not {value for value in told if "pool-00" in value or "ticket" in value or "no such pool" in value}
    assert not {value for value in told if re.search(r"[0-9a-f]{16}", value)}
    assert "ppa_assigner_forged" not in known


def metrics_are_well_formed(text: str) -> None:
    """Prometheus' own rules for names and units; without promtool only its parser's word."""
    if promtool := shutil.which("promtool"):
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


# -- on their own -----------------------------------------------------------------------------------------------------


def test_values_are_real_ones() -> None:
    """A state or outcome that there is not would be waited for in vain."""
    checked = 0
    for where, expression in expressions():
        for _, matchers in SELECTOR.findall(expression):
            for label, how, value in MATCHER.findall(matchers):
                wanted = set(value.split("|") if "~" in how else [value])
                assert label not in VALUES or wanted <= VALUES[label], f"{where}: {label} {how} {value}"
                checked += label in VALUES
    assert checked > 10


def test_everything_that_is_told_is_shown() -> None:
    """Each metric of the docs has its place on the dashboard."""
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for _, e in expressions() for name, _ in SELECTOR.findall(e)}
    assert {name for name, _, _ in table("| metric | labels | tells |")} <= shown


def test_the_dashboard_is_one() -> None:
    """Panels of their own places, all on the data source that is chosen."""
    document = json.loads(DASHBOARD.read_text())
    variables = {each["name"]: each for each in document["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert document["schemaVersion"] >= 36
    assert document["uid"] == "ppa-assigner"
    taken: set[tuple[int, int]] = set()
    for panel in document["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
    numbers = [panel["id"] for panel in document["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in panels():
        assert panel["title"]
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0
        used = {name for target in panel["targets"] for name in re.findall(r"\$(\w+)", target["expr"])}
        assert used <= variables.keys() | {"__rate_interval"}


def test_every_alert_says_what_to_do() -> None:
    """How grave it is, what is the case, and what to do about it."""
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in ("warning", "critical"), name
        assert rule["annotations"].keys() == {"summary", "description"}, name


# -- on Prometheus' own engine ----------------------------------------------------------------------------------------


def promtool(*arguments: str) -> None:
    """Run it; what it says is the failure."""
    done = subprocess.run(
        [needs.program("promtool", "prometheus"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_expression_is_one(tmp_path: Path) -> None:
    """The rules as they are, and what the dashboard asks with its variables filled in."""
    promtool("check", "rules", "--lint-fatal", str(RULES))
    filled = [re.sub(r"\$__rate_interval", "5m", expression).replace("$", "") for _, expression in expressions()]
    rules = [{"record": f"x:{number}", "expr": expression} for number, expression in enumerate(filled)]
    path = tmp_path / "dashboard.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(path))


UP = 'up{job="ppa-assigner",instance="a"}'
HEALTHY = {
    UP: "1x45",
    'ppa_assigner_ready{job="ppa-assigner",instance="a"}': "1x45",
    'ppa_assigner_launchpad_up{job="ppa-assigner",instance="a"}': "1x45",
    'ppa_assigner_workers_stuck{job="ppa-assigner",instance="a"}': "0x45",
    'ppa_assigner_worker_restarts_total{job="ppa-assigner",instance="a"}': "3x45",
    'ppa_assigner_available{job="ppa-assigner",instance="a",pool="p"}': "7x45",
    'ppa_assigner_ppas{job="ppa-assigner",instance="a",pool="p",state="free"}': "7x45",
    'ppa_assigner_ppas{job="ppa-assigner",instance="a",pool="p",state="used"}': "13x45",
    'ppa_assigner_waiting{job="ppa-assigner",instance="a",pool="p"}': "0x45",
    'ppa_assigner_oldest_wait_seconds{job="ppa-assigner",instance="a",pool="p"}': "0x45",
    'ppa_assigner_oldest_state_seconds{job="ppa-assigner",instance="a",pool="p",state="dirty"}': "600x45",
    'ppa_assigner_oldest_state_seconds{job="ppa-assigner",instance="a",pool="p",state="used"}': "90000x45",
    'ppa_assigner_last_look_timestamp_seconds{job="ppa-assigner",instance="a"}': "0+60x45",
    'ppa_assigner_launchpad_clock_alarm{job="ppa-assigner",instance="a"}': "0x45",
    'ppa_assigner_launchpad_writes_total{job="ppa-assigner",instance="a",outcome="written"}': "0+60x45",
    'ppa_assigner_launchpad_writes_total{job="ppa-assigner",instance="a",outcome="unknown"}': "0+1x45",
    'ppa_assigner_launchpad_writes_total{job="ppa-assigner",instance="a",outcome="refused"}': "5x45",
    **{
        f'ppa_assigner_conditions{{job="ppa-assigner",instance="a",pool="p",condition="{condition.value}"}}': "20x45"
        if condition is Condition.OK
        else "0x45"
        for condition in Condition
    },
}


def ill(part: str, values: str) -> dict[str, str]:
    """The healthy series, but for those in whose name and labels all words of `part` are."""
    meant = [name for name in HEALTHY if all(word in name for word in part.split())]
    assert len(meant) == 1, meant
    return HEALTHY | {meant[0]: values}


CASES: dict[str, Callable[[], dict[str, str]]] = {
    "PpaAssignerDown": lambda: HEALTHY | {UP: "0x45"},
    "PpaAssignerTellsNothing": lambda: {UP: HEALTHY[UP]},
    "PpaAssignerNotReady": lambda: ill("_ready", "0x45"),
    "PpaAssignerThreadsStuck": lambda: ill("_stuck", "1x45"),
    "PpaAssignerThreadsDie": lambda: ill("_restarts_total", "3x20 4x25"),
    "PpaPoolNearlyEmpty": lambda: ill("_available", "1x45"),
    "PpaPoolEmpty": lambda: ill("_waiting", "2x45") | {k: "0x45" for k in HEALTHY if "_available" in k},
    "PpaWaitIsLong": lambda: ill("_oldest_wait", "2000x45"),
    "PpaCleanIsSlow": lambda: ill("_oldest_state dirty", "7300x45"),
    "PpaQuarantined": lambda: ill("_conditions quarantined", "1x45"),
    "PpaDuplicate": lambda: ill("_conditions duplicate", "2x45"),
    "PpaUnreadable": lambda: ill("_conditions unreadable", "1x45"),
    "PpaDisabled": lambda: ill("_conditions disabled", "1x45"),
    "PpaMissing": lambda: ill("_conditions missing", "1x45"),
    "LaunchpadAway": lambda: ill("_launchpad_up", "1x10 0x35"),
    "LaunchpadStale": lambda: ill("_last_look", "0+60x10 600x35"),
    "LaunchpadClockJumped": lambda: ill("_clock_alarm", "1x45"),
    "LaunchpadWritesInDoubt": lambda: ill("_writes_total unknown", "0+20x45"),
    "LaunchpadRefusesWrites": lambda: ill("_writes_total refused", "0+1x45"),
}


RESTARTED = {
    UP: "1x20 0 1x23",
    'ppa_assigner_ready{job="ppa-assigner",instance="a"}': "1x19 _ _ 0 1x22",
    'ppa_assigner_launchpad_up{job="ppa-assigner",instance="a"}': "1x19 _ _ 0 1x22",
    'ppa_assigner_available{job="ppa-assigner",instance="a",pool="p"}': "7x19 _ _ 0 7x22",
    'ppa_assigner_worker_restarts_total{job="ppa-assigner",instance="a"}': "3x19 _ _ 0x23",
    'ppa_assigner_last_look_timestamp_seconds{job="ppa-assigner",instance="a"}': "0+60x19 _ _ 0 1380+60x22",
    'ppa_assigner_launchpad_writes_total{job="ppa-assigner",instance="a",outcome="written"}': "0+60x19 _ _ 0+60x23",
    'ppa_assigner_launchpad_writes_total{job="ppa-assigner",instance="a",outcome="refused"}': "5x19 _ _ 0x23",
}
"""The daemon was started anew: counters begin again, and for a moment it has not seen anything."""


def again(values: str) -> str:
    """The same over and over."""
    return " ".join((values.split() * 45)[:45])


COMING_AND_GOING: dict[str, Callable[[], dict[str, str]]] = {
    "PpaAssignerDown": lambda: HEALTHY | {UP: again("1 0 0")},
    "PpaAssignerTellsNothing": lambda: {UP: HEALTHY[UP]},
    "PpaAssignerNotReady": lambda: ill("_ready", again("0 0 _ 0 _ _")),
    "PpaAssignerThreadsStuck": lambda: ill("_stuck", again("1 0 _")),
    "PpaAssignerThreadsDie": lambda: ill("_restarts_total", "3x10 _ 0x5 1x28"),
    "PpaPoolNearlyEmpty": lambda: ill("_available", again("1 0 0 1 _")) | ill_only("_waiting", again("0 0 0 1")),
    "PpaPoolEmpty": lambda: ill("_available", again("0 0 _")) | ill_only("_waiting", again("0 0 0 0 0 0 0 0 0 0 0 2")),
    "PpaWaitIsLong": lambda: ill("_oldest_wait", again("2000 0 0 2000 0")),
    "PpaCleanIsSlow": lambda: ill("_oldest_state dirty", again("7300 _ _")),
    "PpaQuarantined": lambda: ill("_conditions quarantined", again("1 0 _")),
    "PpaDuplicate": lambda: ill("_conditions duplicate", again("2 _ 0")),
    "PpaUnreadable": lambda: ill("_conditions unreadable", again("1 0 0")),
    "PpaDisabled": lambda: ill("_conditions disabled", again("0 1 _")),
    "PpaMissing": lambda: ill("_conditions missing", again("0 1 _")),
    "LaunchpadAway": lambda: ill("_launchpad_up", again("0 1 _")),
    "LaunchpadStale": lambda: ill("_last_look", again("0 _ 60 _")),
    "LaunchpadClockJumped": lambda: ill("_clock_alarm", again("1 0 1 _")),
    "LaunchpadWritesInDoubt": lambda: ill("_writes_total unknown", "0+20x12 0+20x12 _ _ 0+20x16"),
    "LaunchpadRefusesWrites": lambda: ill("_writes_total refused", "5+1x12 0+1x12 _ _ 0+1x16"),
}
"""The same troubles, in and out of sight, with samples that are missing, and counters that begin anew."""


def ill_only(part: str, values: str) -> dict[str, str]:
    """Of `ill`, what is not healthy."""
    return dict(ill(part, values).items() - HEALTHY.items())


def test_each_alert_is_raised_when_it_should_be_and_by_nothing_else(tmp_path: Path) -> None:
    """On a daemon that is well none is; with one thing wrong exactly that one is, after forty minutes of it."""
    assert CASES.keys() == COMING_AND_GOING.keys() == alerts().keys()
    cases = {"nothing": HEALTHY} | {name: made() for name, made in CASES.items()}
    cases |= {f"{name}, coming and going": made() for name, made in COMING_AND_GOING.items()}
    cases["nothing, started anew"] = HEALTHY | RESTARTED
    cases["PpaAssignerDown, not even asked"] = {}
    cases["LaunchpadStale, some never seen"] = ill("_last_look", "0x45")
    tests = [
        {
            "name": name,
            "interval": "1m",
            "input_series": [{"series": series, "values": values} for series, values in given.items()],
            "promql_expr_test": [
                {
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                    "eval_time": "40m",
                    "exp_samples": []
                    if name.startswith("nothing")
                    else [{"labels": f'{{alertname="{name.split(",")[0]}"}}', "value": 1}],
                }
            ],
        }
        for name, given in cases.items()
    ]
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    promtool("test", "rules", str(path))
