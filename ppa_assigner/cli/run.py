"""The commands that run the daemon: `run` and `demo`.

Rule: what they need is imported when they run; each mistake that a person can make ends in one line and an exit code.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ..client.errors import UsageError
from .file_options import ConfigOption
from .output import STDERR, configuration_error, say
from .parameters import Option

if TYPE_CHECKING:
    from ..api.sockets import ListenError
    from ..standin.demo import DemoPackage

log = logging.getLogger("ppa_assigner")

DEMO_PPAS, DEMO_BIG = 5, 2
DEMO_LISTEN = "127.0.0.1:8020"
DEMO_CONFIG = """\
pools:
  default:
    ppas:
      - "~ci-pool/ubuntu/pool-{{001..{small:03}}}"
      - {{ppa: "~ci-pool/ubuntu/pool-{{{big:03}..{ppas:03}}}", labels: {{size: big}}}}
    settle: 3s
launchpad:
  service: "{service}"
  credentials: launchpad.credentials
  look_every: 3s
  snapshots: "{service}snapshot/{{owner}}/{{name}}/ubuntu/{{at}}"
api: {{listen: {listen}, promote_to: ["~ci-pool/ubuntu/stable"]}}
name: demo
"""
DEMO_TEXT = """\
ppa-assigner listens on {url} and lends {ppas} PPAs of a Launchpad that is only a stand-in.
Try, in another terminal (after `. .venv/bin/activate`; `exit` closes it when the PPA is not free in time):

{setting}    ppa-assigner status
    lease=$(ppa-assigner assign --owner "$(id -un)" --ppa ppa:ci-pool/pool-001 --wait 30s --export) || exit
    eval "$lease"; echo "I have $PPA"
    ppa-assigner exec --owner "$(id -un)" -- sh -c 'echo "I have $PPA"'
    curl -s {api}/v1/pools

{upload}    ppa-assigner release
    ppa-assigner status --watch

Ctrl-C ends it.
"""

DEMO_UPLOAD = """\
Upload something, release the PPA and see it cleaned{without}:

    curl -s {control}upload -d '{{"ppa": "~ci-pool/ubuntu/pool-001", "source": "hello", "version": "1.0-1"}}'
"""
DEMO_WHOLE_WAY = """\
Upload a small package that comes with the demo, wait until apt can install it, install it (below a folder of its own),
copy it to another PPA for good, and give the PPA back, in one command:

    ppa-assigner exec --owner "$(id -un)" --wait 30s --upload-to {to} --upload {changes} -- {script}

"""
DEMO_DPUT = """\
Upload it to the PPA that you have, read what Launchpad would say of it by mail, release the PPA and see it
cleaned{without}:

    dput -f -c {dput} "${{PPA##*/}}" {changes}
    curl -s {control}verdicts
"""

IN_USE = "does a daemon run there already?  api.listen or PPA_ASSIGNER_LISTEN names another address"
DEMO_IN_USE = "does a daemon or a demo run there already?  demo --listen 127.0.0.1:8021 takes another address"
HANDED_OVER = """\
%s
systemd hands it over: is the file there that LoadCredential= in its unit names (/etc/ppa-assigner/launchpad)?"""


def run_command(config: ConfigOption) -> int:
    """Serve the PPAs of a configuration until a signal says to stop."""
    return serve(config)


def demo_command(
    listen: Annotated[
        str, Option("--listen", metavar="ADDRESS", help="Where: HOST:PORT on this host, or unix:/path.")
    ] = DEMO_LISTEN,
) -> int:
    """Try it out: a stand-in for Launchpad with some PPAs, and the daemon on 127.0.0.1:8020."""
    return serve_demo(listen)


def serve(config: Path, serving: Callable[[str], None] | None = None, in_use: str = IN_USE) -> int:
    """Run the daemon in the main thread, and return its exit code.

    `serving` is called with the address once the daemon listens on it; `in_use` says what to do where something else
    does already.
    """
    from ..api.server import ListenError
    from ..config import ConfigError, find_warnings, load
    from ..launchpad import CredentialsError, InsecureEnvironment, UnusableProxyError
    from ..trace import TraceError
    from .daemon import DaemonProcess

    _log_to_stderr()
    try:
        settings = load(config)
        service = DaemonProcess(settings, config)
        for warning in find_warnings(settings):
            log.warning("%s", warning)
        service.run(serving or (lambda _: None))
    except CredentialsError as error:
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        return configuration_error(HANDED_OVER % error if directory and directory in str(error) else error)
    except (ConfigError, InsecureEnvironment, UnusableProxyError, TraceError) as error:
        return configuration_error(error)
    except ListenError as error:
        say(_said(error, in_use))
        return os.EX_UNAVAILABLE
    return 0


def demo_text(url: str, control: str, package: DemoPackage | None = None) -> str:
    """What the demo says once its daemon listens: what can be tried there, with the programs of this host."""
    path = url.removeprefix("unix:")
    api = url if path == url else f"--unix-socket {shlex.quote(path)} http://localhost"
    return DEMO_TEXT.format(
        ppas=DEMO_PPAS,
        url=url,
        setting="" if url == f"http://{DEMO_LISTEN}" else f"    export PPA_ASSIGNER_URL={shlex.quote(url)}\n",
        api=api,
        upload=_upload_text(control, package),
    )


def _upload_text(control: str, package: DemoPackage | None) -> str:
    import shutil

    missing = [name for name in ("dput", "curl", "apt-get", "dpkg-deb") if shutil.which(name) is None]
    without = f" (without what needs {' and '.join(missing)}, which this host lacks)" if missing else ""
    if package is None or "dput" in missing:
        return DEMO_UPLOAD.format(control=control, without=without)
    dput, changes = shlex.quote(str(package.dput)), shlex.quote(str(package.changes))
    upload = DEMO_DPUT.format(control=control, without=without, dput=dput, changes=changes)
    if missing:
        return upload
    return DEMO_WHOLE_WAY.format(to=package.door, changes=changes, script=shlex.quote(str(package.whole_way))) + upload


def serve_demo(listen: str = DEMO_LISTEN) -> int:
    """Run the stand-in and the daemon in one process; however that ends, nothing is left behind.

    Raises UsageError for an address that is not one of this host alone.
    """
    where = _local(listen)
    try:
        from ..config import VARIABLES
        from ..standin.demo import prepare
        from ..standin.standin import Standin
    except ImportError as error:
        say(f"the demo needs what the extra `standin` brings (pip install 'ppa-assigner[standin]'): {error}")
        return os.EX_UNAVAILABLE
    if refusal := _refused(where):
        say(refusal)
        return os.EX_UNAVAILABLE
    for variable in VARIABLES:
        os.environ.pop(variable, None)  # the demo is the same everywhere
    with tempfile.TemporaryDirectory(prefix="ppa-assigner-demo-") as folder, Standin(ppas=DEMO_PPAS) as standin:
        package = prepare(standin, Path(folder))
        config = Path(folder) / "ppas.yaml"
        config.write_text(demo_config(where, standin.service_root))
        credentials = config.parent / "launchpad.credentials"
        credentials.touch(mode=0o600)
        credentials.write_text(standin.credentials_text("ppa-bot"))
        os.environ["CACHE_DIRECTORY"] = folder  # nobody else may use the stand-in's description

        def say_what_to_try(url: str) -> None:
            print(demo_text(url, standin.control_url, package), flush=True)  # noqa: T201 - it is for people

        return serve(config, say_what_to_try, DEMO_IN_USE)


def demo_config(listen: str, service: str) -> str:
    """The configuration of the demo's daemon."""
    small = DEMO_PPAS - DEMO_BIG
    return DEMO_CONFIG.format(small=small, big=small + 1, ppas=DEMO_PPAS, service=service, listen=json.dumps(listen))


def _refused(listen: str) -> str | None:
    """Why nothing can listen there, asked before all that takes longer; None where it can."""
    from ..api.sockets import ListenError, listen as open_sockets
    from ..config.addresses import parse_listen

    try:
        open_sockets(parse_listen(listen)).close()
    except ListenError as error:
        return _said(error, DEMO_IN_USE)
    return None


def _said(error: ListenError, in_use: str) -> str:
    return f"{error}; {in_use}" if error.in_use else str(error)


def _local(listen: str) -> str:
    from ..config.addresses import is_local, parse_listen

    try:
        where = parse_listen(listen)
    except ValueError as error:
        raise UsageError(f"--listen: {error}") from None
    if not is_local(where):
        raise UsageError(f"--listen: {listen} is not of this host alone, and the demo knows no clients")
    return str(where)


def _log_to_stderr() -> None:
    """Log to stderr, or to the journal if stderr leads there; let a watchdog's SIGABRT show where each thread was."""
    from .. import journal, systemd

    handler = journal.handler(logging.StreamHandler(sys.stderr), systemd.journalled(STDERR))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    journal.limit_rate("uvicorn.error", "asyncio", "ppa_assigner.api.acceptor", "ppa_assigner.api.middleware")
    faulthandler.enable(STDERR)
    for name in ("urllib3", "httpx", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
