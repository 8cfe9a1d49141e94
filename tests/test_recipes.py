"""The recipes for CI, cron and a proxy, and the README's Python: what is in them is run, against a real daemon.

A stand-in for Launchpad and a daemon with a client's token run for the whole file; dput is a program that uploads to
the stand-in.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from shutil import which
from typing import Any

import httpx
import pytest
import yaml

from ppa_assigner.record import State, parse

from .fakedaemon import PPA, free_port
from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .waiting import until

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "config" / "recipes"
README = (ROOT / "README.md").read_text()
PATIENCE_S = 60.0
TOKEN = "0123456789abcdef" * 4
PPAS = 4
NGINX = which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
CHANGES = "Format: 1.8\nSource: hello\nArchitecture: source\nVersion: {version}\n"
DPUT = """\
#!{python}
# dput PPA CHANGES...: uploads what a changes file names
import json, sys, urllib.request
for name in sys.argv[2:]:
    fields = dict(line.rstrip().split(": ", 1) for line in open(name))
    body = {{"ppa": sys.argv[1], "source": fields["Source"], "version": fields["Version"]}}
    urllib.request.urlopen("{control}dput", json.dumps(body).encode(), timeout=30).close()
"""
TEST = """\
#!/bin/sh
# test-packages PPA: notes what it was told
echo "$1 $PPA_LEASE_ID" >> tested
exit "${CODE:-0}"
"""


@dataclass
class Site:
    """A running daemon, and what a job has around it."""

    launchpad: Launchpad
    daemon: Daemon
    folder: Path
    open_port: int
    """Where a daemon without clients may listen."""

    @property
    def url(self) -> str:
        return f"unix:{self.daemon.address}"

    def workspace(self, path: Path, version: str) -> Path:
        """A job's folder, with something to upload."""
        (path / f"hello_{version}_source.changes").write_text(CHANGES.format(version=version))
        script = path / "test-packages"
        script.write_text(TEST)
        script.chmod(0o755)
        return path

    def variables(self, **more: str) -> dict[str, str]:
        """A job's environment: our command and dput are on its path."""
        path = f"{self.folder}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
        ours = {"PATH": path, "PPA_ASSIGNER_URL": self.url, "PPA_ASSIGNER_TOKEN": TOKEN, "PYTHONWARNINGS": "ignore"}
        return {**{k: v for k, v in os.environ.items() if not k.startswith("PPA")}, **ours, **more}

    def sh(self, script: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a step as CI does."""
        return subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=cwd, capture_output=True, text=True, timeout=PATIENCE_S, env=self.variables(**more), check=False,
        )  # fmt: skip

    def had(self, owner: str) -> list[str]:
        """The PPAs that this owner had, by the records that were ever written."""
        found = []
        for ppa in self.ppas:
            records = [parse(each["description"]).record for each in self.launchpad.control.descriptions(ppa)]
            if any(r is not None and r.state is State.USED and r.owner == owner for r in records):
                found.append(ppa)
        return found

    def given_back(self, owner: str) -> bool:
        """Nothing is lent to this owner any more."""
        items = self.daemon.http.get("/v1/leases", params={"owner": owner}).json()["items"]
        return bool(items == [])

    @property
    def ppas(self) -> list[str]:
        return [f"~ci-pool/ubuntu/pool-{n:03}" for n in range(1, PPAS + 1)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    launchpad = start_launchpad("--ppas", str(PPAS))
    try:
        daemon = configure(folder, launchpad, ppas=("~ci-pool/ubuntu/pool-{001..004}",), settle="300ms")
        document = json.loads(daemon.config.read_text())
        client = {"name": "ci", "token_sha256": sha256(TOKEN.encode()).hexdigest(), "role": "operator"}
        document["api"]["clients"] = [client]
        daemon.config.write_text(json.dumps(document))
        daemon.http.headers["Authorization"] = f"Bearer {TOKEN}"
        (folder / "bin").mkdir()
        dput = folder / "bin" / "dput"
        dput.write_text(DPUT.format(python=sys.executable, control=launchpad.control_url))
        dput.chmod(0o755)
        with running(daemon):
            daemon.start().wait_for_states(free=PPAS)
            yield Site(launchpad, daemon, folder, free_port())
    finally:
        launchpad.stop()


def what_was_tested(workspace: Path) -> tuple[str, str]:
    """What the packages' test was told: PPA and lease."""
    ppa, lease = (workspace / "tested").read_text().split()
    return ppa, lease


def uploaded(site: Site, ppa: str, version: str) -> bool:
    """Whether that PPA ever had this version."""
    sources = site.launchpad.control.packages(ppa)["sources"]
    return any((each["name"], each["version"]) == ("hello", version) for each in sources)


# -- jobs -------------------------------------------------------------------------------------------------------------


def steps_of_github() -> tuple[str, dict[str, str]]:
    document = yaml.safe_load((RECIPES / "github.yml").read_text())
    job = document["jobs"]["ppa"]
    assert set(job["env"]) == {"PPA_ASSIGNER_URL", "PPA_ASSIGNER_TOKEN", "OWNER"}
    return "\n".join(step["run"] for step in job["steps"] if "run" in step), {"OWNER": "https://ci/1"}


def steps_of_gitlab() -> tuple[str, dict[str, str]]:
    document = yaml.safe_load((RECIPES / "gitlab.yml").read_text())
    assert document["ppa"]["variables"] == {"PPA_ASSIGNER_URL": "https://ppas.example.com"}
    return "\n".join(document["ppa"]["script"]), {"CI_JOB_URL": "https://ci/2"}


def steps_of_script() -> tuple[str, dict[str, str]]:
    script = shlex.quote(str(RECIPES / "upload.sh"))
    return f"""{script} https://ci/3 hello_*.changes -- sh -c './test-packages "$PPA"'""", {"X": "https://ci/3"}


JOBS = {"github": steps_of_github, "gitlab": steps_of_gitlab, "script": steps_of_script}


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("job", JOBS)
def test_a_job_has_a_ppa_and_gives_it_back(site: Site, tmp_path: Path, job: str, code: int) -> None:
    """It uploads to an empty PPA, tests there, ends with the test's code, and the PPA is given back either way."""
    script, variables = JOBS[job]()
    owner = f"{next(iter(variables.values()))}/{code}"
    version = f"1.0-{job}{code}"
    script = script.replace("https://ci/3", owner)
    workspace = site.workspace(tmp_path, version)
    done = site.sh(script, workspace, **{**dict.fromkeys(variables, owner), "CODE": str(code)})
    assert done.returncode == code, done.stderr
    (ppa,) = site.had(owner)
    assert what_was_tested(workspace)[0].removeprefix("ppa:") == ppa.removeprefix("~")
    assert uploaded(site, ppa, version)
    assert site.given_back(owner)


def test_the_script_asks_for_a_ppa_that_never_had_the_version(site: Site, tmp_path: Path) -> None:
    """Launchpad would refuse it: the second upload of a version goes to another PPA.  Bad usage takes none."""
    workspace = site.workspace(tmp_path, "7.7")
    script = f"{shlex.quote(str(RECIPES / 'upload.sh'))} twice hello_7.7_source.changes -- true"
    assert [site.sh(script, workspace).returncode for _ in range(2)] == [0, 0]
    assert len(site.had("twice")) == 2
    assert site.sh(f"{RECIPES}/upload.sh me", workspace).returncode == 64
    assert site.sh(f"{RECIPES}/upload.sh me missing.changes", workspace).returncode == 66
    assert site.had("me") == []


# -- Jenkins ----------------------------------------------------------------------------------------------------------

_TOKENS = re.compile(r"//[^\n]*|'(?:\\.|[^'\\\n])*'|[{}()\[\]]|[^\s'{}()\[\]]+|\s+")
_SECTIONS = {"pipeline", "agent", "options", "environment", "stages", "stage", "steps", "post", "always", "failure"}


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
            found.append((open_[-1][1:], word[1:-1].replace("\\'", "'")))
    assert not open_
    return found


@pytest.mark.parametrize("code", [0, 3])
def test_a_pipeline_has_a_ppa_from_stage_to_stage(site: Site, tmp_path: Path, code: int) -> None:
    """Its steps are run in order, in shells of their own; `post` is run also after a stage that failed."""
    steps = blocks((RECIPES / "Jenkinsfile").read_text())
    last = [script for block, script in steps if block == "always"]
    assert (len(steps), len(last)) == (4, 1)
    variables = {"BUILD_URL": f"https://jenkins/{code}", "JOB_NAME": "hello", "CODE": str(code)}
    workspace = site.workspace(tmp_path, f"2.0-{code}")
    codes = [site.sh(script, workspace, **variables).returncode for _, script in steps[:3]]
    assert codes == [0, 0, code]
    ppa, lease = what_was_tested(workspace)
    assert uploaded(site, ppa, f"2.0-{code}")
    assert site.daemon.http.get(f"/v1/leases/{lease}").json()["state"] == "used"
    assert site.sh(last[0], workspace, **variables).returncode == 0
    assert site.given_back(variables["BUILD_URL"])


def test_a_pipeline_that_got_no_ppa_gives_none_back(site: Site, tmp_path: Path) -> None:
    """`post` is fine without a lease."""
    (last,) = [script for block, script in blocks((RECIPES / "Jenkinsfile").read_text()) if block == "always"]
    (tmp_path / "ppa.env").write_text("")
    assert site.sh(last, tmp_path).returncode == 0


# -- cron -------------------------------------------------------------------------------------------------------------


def report(document: object) -> tuple[int, str]:
    """What it prints for this answer of `status --json`."""
    done = subprocess.run(
        [sys.executable, str(RECIPES / "report.py")],
        input=json.dumps(document), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_report_says_who_has_what_and_what_is_wrong(site: Site, tmp_path: Path) -> None:
    """Read from the real command; quiet when nobody has anything and all is well."""
    lease = site.daemon.assign(owner="ticket-9", note="for the release").json()
    done = site.sh(f"ppa-assigner status --json | {RECIPES}/report.py", tmp_path)
    assert done.returncode == 0, done.stderr
    told = f"  {lease['ppa']}: ticket-9, since {lease['since']}, until {lease['until']} (for the release)\n"
    assert f"\nIn use:\n{told}" in done.stdout
    assert site.daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
    free = {**PPA, "state": "free", "condition": "ok", "tries": 0}
    assert report({"items": [free]}) == (0, "")
    wrong = {**free, "state": "dirty", "condition": "quarantined", "quarantined": "5 tries failed", "tries": 5}
    code, text = report({"items": [free, {**wrong, "fault": "503"}]})
    assert code == 0
    assert text.startswith("2 PPAs: 1 dirty, 1 free\n")
    assert f"To be looked at:\n  {PPA['ppa']}: quarantined, 5 tries failed, 5 cleans failed, 503" in text
    assert report([])[0] == 1


# -- Python -----------------------------------------------------------------------------------------------------------


def test_the_readmes_python_runs(site: Site, tmp_path: Path) -> None:
    """As it stands there; the PPA that it prints was its owner's, and is given back."""
    (tmp_path / "hello_3.0_source.changes").write_text(CHANGES.format(version="3.0"))
    example = re.search(r"From Python[^\n]*\n\n((?:    [^\n]*\n|\n)+)", README)
    assert example is not None
    code = "\n".join(line.removeprefix("    ") for line in example[1].splitlines())
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, env=site.variables(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (ppa,) = site.had("build-77")
    assert done.stdout.split()[0].removeprefix("ppa:") == ppa.removeprefix("~")
    assert site.given_back("build-77")


def test_the_client_is_light_and_typed() -> None:
    """It loads nothing of the daemon nor of the command line, and says to type checkers that it has types."""
    probe = "import sys; from ppa_assigner import Client; Client('http://127.0.0.1:1'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    loaded = set(done.stdout.split())
    assert "ppa_assigner.client.calls" in loaded
    heavy = {"fastapi", "uvicorn", "pydantic", "launchpadlib", "yaml", "typer", "rich", "prometheus_client", "debian"}
    assert not loaded & heavy
    assert (files("ppa_assigner") / "py.typed").is_file()


# -- nginx ------------------------------------------------------------------------------------------------------------


@dataclass
class Proxy:
    """nginx with the recipe, twice: before the daemon, and before one without clients."""

    url: str
    open_url: str
    certificate: Path

    def client(self, token: str | None = TOKEN) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.certificate))
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, verify=context, headers=headers, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def proxy(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if NGINX is None:
        pytest.skip("needs nginx")
    folder = tmp_path_factory.mktemp("nginx")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, capture_output=True, timeout=PATIENCE_S, check=True,
    )  # fmt: skip
    port, open_port = free_port(), free_port()
    recipe = (RECIPES / "nginx.conf").read_text()
    servers = server(recipe, "ppas", folder, port, f"unix:{site.daemon.address}")
    servers += server(recipe, "open", folder, open_port, f"127.0.0.1:{site.open_port}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = f"{user}pid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n"
    (folder / "nginx.conf").write_text(f"{main}{temporary}{servers}}}\n")
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with process([*command, "-g", "daemon off;"]) as nginx:
        made = Proxy(f"https://localhost:{port}", f"https://localhost:{open_port}", folder / "cert.pem")
        until(lambda: answers(made) or nginx.poll() is not None, "nginx", PATIENCE_S, every=0.05)
        assert nginx.poll() is None, (folder / "error.log").read_text()
        yield made


def server(recipe: str, name: str, folder: Path, port: int, upstream: str) -> str:
    """The recipe with the places of this host, and nothing else changed."""
    here = {
        "upstream ppa-assigner": f"upstream {name}",
        "proxy_pass http://ppa-assigner": f"proxy_pass http://{name}",
        "server 127.0.0.1:8020": f"server {upstream}",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/certs/ppas.example.com.pem": f"{folder}/cert.pem",
        "/etc/ssl/private/ppas.example.com.key": f"{folder}/key.pem",
    }
    for said, place in here.items():
        assert recipe.count(said) == 1
        recipe = recipe.replace(said, place)
    return recipe


@contextmanager
def process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Ended at the end of the block, in order if it can be."""
    with subprocess.Popen(command) as running_:
        try:
            yield running_
        finally:
            running_.terminate()
            try:
                running_.wait(20)
            except subprocess.TimeoutExpired:
                running_.kill()


def answers(proxy: Proxy) -> bool:
    with proxy.client() as client:
        try:
            return client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False


def test_clients_come_through_the_proxy(site: Site, proxy: Proxy, tmp_path: Path) -> None:
    """The command line over HTTPS; without a token nobody."""
    variables = {"PPA_ASSIGNER_URL": proxy.url, "SSL_CERT_FILE": str(proxy.certificate)}
    done = site.sh("ppa-assigner exec --owner proxied --wait 30s -- sh -c 'echo \"$PPA\"'", tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    (ppa,) = site.had("proxied")
    assert done.stdout.strip().removeprefix("ppa:") == ppa.removeprefix("~")
    with proxy.client(token=None) as client:
        assert client.get("/v1/ppas").status_code == 401
        assert client.get("/").status_code == 200


def test_events_come_through_at_once(site: Site, proxy: Proxy) -> None:
    """While the stream is open: none waits for a buffer to be full."""
    with proxy.client() as client, client.stream("GET", "/v1/events") as stream:
        lines = stream.iter_lines()
        lease = site.daemon.assign(owner="streamed", wait=30).json()
        assert any(lease["id"] in line for line in lines)
        assert site.daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
        assert any(lease["id"] in line and '"dirty"' in line for line in lines)


def test_who_hangs_up_at_the_proxy_loses_the_place(site: Site, proxy: Proxy) -> None:
    """The proxy hangs up at the daemon too.  Its patience is longer than any wait."""
    held = [site.daemon.assign(owner="crowd", wait=30).json()["id"] for _ in range(PPAS)]

    def waiting() -> int:
        pools: list[dict[str, Any]] = site.daemon.http.get("/v1/pools").json()["items"]
        return int(pools[0]["waiting"])

    with proxy.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post("/v1/leases", json={"owner": "impatient", "wait": 3600}, timeout=httpx.Timeout(20, read=1))
    until(lambda: waiting() == 0, "an empty line", PATIENCE_S)
    for lease in held:
        site.daemon.http.delete(f"/v1/leases/{lease}")
    assert site.had("impatient") == []
    patience = re.search(r"proxy_read_timeout (\d+)s;", (RECIPES / "nginx.conf").read_text())
    assert patience is not None
    assert int(patience[1]) > 3600 + 60


def test_the_proxy_is_no_way_around_the_names_of_this_host(site: Site, proxy: Proxy, tmp_path: Path) -> None:
    """A daemon without clients, at the address where it listens by itself, refuses what comes for the proxy's name."""
    daemon = configure(tmp_path, site.launchpad, name="open")
    document = json.loads(daemon.config.read_text())
    document["api"]["listen"] = f"127.0.0.1:{site.open_port}"
    daemon.config.write_text(json.dumps(document))

    def status(host: str) -> int:
        with proxy.client(token=None) as client:
            return client.get(f"{proxy.open_url}/v1/ppas", headers={"Host": host}).status_code

    with running(daemon):
        daemon.launch()
        until(lambda: status("localhost") == 200, "the daemon", PATIENCE_S, every=0.05)
        assert status("ppas.example.com") == 403
