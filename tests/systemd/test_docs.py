"""The blocks of the docs for a machine with systemd, run as they stand on one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from .. import needs
from ..certificate import certified
from ..docs.blocks import block
from ..docs.pages import ROOT
from .installed import CONFIG, CREDENTIALS, SERVICE, SOCKET, UNITS, Assigner

pytestmark = pytest.mark.xdist_group("systemd-docs")

CHECKOUT = "/tmp/checkout"  # noqa: S108 - of the machine


def test_installed_as_said_and_its_history_read(assigner: Assigner) -> None:
    """It needs a checkout with a list of PPAs, and credentials beside it; the history is one of a lease."""
    machine = assigner.machine
    for unit in (SERVICE, SOCKET):
        machine.path(f"{UNITS}/{unit}").unlink()
        machine.put(f"{CHECKOUT}/config/{unit}", (ROOT / "config" / unit).read_text())
    ppas = assigner.launchpad(lambda control: control.ppas("ci-pool", names=["pool-001"]))
    assert ppas == ["~ci-pool/ubuntu/pool-001"]
    assigner.configure(ppas)
    for name, place in ((CONFIG, "config/ppas.yaml"), (CREDENTIALS, "launchpad.credentials")):
        machine.put(f"{CHECKOUT}/{place}", machine.path(name).read_text())
        machine.path(name).unlink()
    done = machine.run("bash", "-euc", f"cd {CHECKOUT}\n{block('cp config/ppa-assigner.service')}")
    assert done.returncode == 0, done.stderr
    assigner.wait_for_free(1)
    lease = assigner.assign("r").result(60).body
    assigner.wait_for_journal(lease["id"])
    first, second, third = block("journalctl PPA=").splitlines()
    assert lease["id"] in machine.run("bash", "-c", f"{first} -o json").stdout
    assert "free -> used" in machine.run("bash", "-c", first).stdout
    of_lease = re.sub(r"LEASE=\w+", f"LEASE={lease['id']}", second)
    assert of_lease != second
    assert "free -> used" in machine.run("bash", "-c", of_lease).stdout
    assert machine.run("bash", "-c", third).returncode == 0
    for unit in (SERVICE, SOCKET):
        assert machine.run("systemctl", "disable", "--now", unit).returncode == 0


def test_clients_and_a_certificate(assigner: Assigner, tmp_path: Path) -> None:
    """It needs a certificate, the sums that `token` prints, and the rest of a configuration."""
    certificate = certified(tmp_path, "ppas.example.com")
    assigner.machine.put("/etc/ppa-assigner/cert.pem", certificate.certificate.read_text())
    assigner.machine.put("/etc/ppa-assigner/key.pem", certificate.key.read_text(), 0o600)
    tokens = [assigner.machine.run("ppa-assigner", "token").stdout for _ in range(2)]
    sums = [re.findall(r"\b[0-9a-f]{64}\b", text)[-1] for text in tokens]
    text = block("api:")
    assert text.count('"…"') == len(sums)
    for each in sums:
        text = text.replace('"…"', f'"{each}"', 1)
    assigner.configure(assigner.new_pool(1))
    rest = json.loads(assigner.machine.path(CONFIG).read_text())
    rest["launchpad"]["credentials"] = CREDENTIALS
    assigner.machine.put("/etc/ppa-assigner/clients.yaml", f"{yaml.safe_dump(rest)}{text}")
    done = assigner.machine.run("ppa-assigner", "check-config", "--config", "/etc/ppa-assigner/clients.yaml")
    assert done.returncode == 0, done.stderr
    assert "0.0.0.0:8020" in done.stdout


def test_prometheus_takes_the_scrape_configuration(assigner: Assigner) -> None:
    """It needs the token's file."""
    promtool = needs.program("promtool", "prometheus")
    machine = assigner.machine
    machine.put("/etc/prometheus/ppa-assigner.token", "token\n")
    machine.put("/etc/prometheus/prometheus.yml", block("scrape_configs:"))
    done = machine.run(promtool, "check", "config", "/etc/prometheus/prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
