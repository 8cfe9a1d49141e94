"""The real dput, 1.1.x and dput-ng, for tests: each uploads into a folder, and what arrives there is Launchpad's then.

Rule: which files are uploaded, and what is remembered of it, is the real program's alone.  Debian's dput 1.1 lacks the
hosts with an argument that Ubuntu's has (ppa:NAME), so its configuration gets the argument; that is what Ubuntu's
patch does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .. import needs

ROOT = Path(__file__).parent.parent.parent
UNPACKED = ROOT / "build" / "dput"
PYTHON = "/usr/bin/python3"
DPUTS = ("dput", "dput-ng")

_DPUT = """\
import sys
sys.path.insert(0, "{unpacked}/dput/usr/share/dput")
config = "{home}/dput.cf"
arguments = sys.argv[1:]
for position, word in enumerate(arguments):
    if word.startswith("ppa:"):
        argument = word.partition(":")[2]
        arguments[position] = "ppa"
        with open(config, "w") as file:
            file.write("[ppa]\\nmethod = local\\nallow_unsigned_uploads = 1\\n")
            file.write(f"ppa = {{argument}}\\nincoming = {home}/incoming/%(ppa)s\\n")
        sys.argv[1:] = ["-c", config, *arguments]
from dput.dput import main
sys.exit(main())
"""
_PLAIN_DPUT = """\
import sys
sys.path.insert(0, "{unpacked}/dput/usr/share/dput")
from dput.dput import main
sys.exit(main())
"""
DPUT_NG = """\
import runpy, sys
sys.path.insert(0, "{unpacked}/python3-dput/usr/lib/python3/dist-packages")
import dput.core
usual, etc = "{unpacked}/dput-ng/usr/share/dput-ng", "{unpacked}/dput-ng/etc/dput.d"
dput.core.CONFIG_LOCATIONS.clear()
dput.core.CONFIG_LOCATIONS.update({{usual: 30, etc: 20, "{home}/dput.d": 10}})
dput.core.DPUT_CONFIG_LOCATIONS.clear()
dput.core.SCHEMA_DIRS[:] = [usual + "/schemas"]
runpy.run_path("{unpacked}/dput-ng/usr/bin/dput", run_name="__main__")
"""
_PROFILE = """\
{{"fqdn": "localhost", "method": "local", "incoming": "{home}/incoming/%(ppa)s", "meta": "boring",
  "allow_unsigned_uploads": true, "hooks": ["checksum"], "interface": "cli", "hash": "sha256", "login": "*",
  "full_upload_log": false, "allow_dcut": false, "post_upload_command": "", "pre_upload_command": ""}}
"""
_COMMAND = """\
#!{python}
# dput, and then what Launchpad does with what arrived
import json, os, pathlib, subprocess, sys, urllib.error, urllib.request
incoming = pathlib.Path("{home}/incoming")
def control(name, **body):
    with urllib.request.urlopen("{control}" + name, json.dumps(body).encode(), timeout=60) as answer:
        return json.load(answer)
for ppa in {ppas}:
    (incoming / ppa).mkdir(parents=True, exist_ok=True)
code = subprocess.call(["{system}", "-sB", "{home}/program.py", *sys.argv[1:]], env={{**os.environ, "USER": "ci"}})
for changes in incoming.rglob("*.changes"):
    lines = [line.partition(": ") for line in changes.read_text().splitlines()]
    told = {{key: value for key, _, value in reversed(lines) if not key.startswith(" ")}}
    ppa = "~" + str(changes.parent.relative_to(incoming))
    try:
        control("dput", ppa=ppa, source=told["Source"], version=told["Version"])
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise  # else Launchpad refuses it, and tells that by mail
    changes.unlink()
if {published}:  # who waits for it need not look twice
    now = control("runs", script="builders", least=0, timeout=0)
    control("runs", script="builders", least=now + 2, timeout=30)
    control("run", script="publisher", times=1)
sys.exit(code)
"""


def need() -> None:
    """End the test where a dput, or what it needs, is not there."""
    if not UNPACKED.is_dir():
        needs.lacking("needs Debian's dput and dput-ng below build/dput: .ci/dput unpacks them there")
    if subprocess.run([PYTHON, "-c", "import debian, gpg, xdg, pkg_resources"], check=False, timeout=60).returncode:
        needs.lacking("needs Debian's python3-debian, python3-gpg, python3-xdg and python3-pkg-resources, for dput")


def install(name: str, home: Path, ppas: list[str], control: str, *, published: bool = False) -> Path:
    """A folder for PATH with a `dput` in it: the real one of that package.  `published`: it ends when what it uploaded
    is built and published.
    """
    need()
    places = {"unpacked": UNPACKED, "home": home, "published": published}
    (home / "bin").mkdir(parents=True)
    (home / "program.py").write_text((_DPUT if name == "dput" else DPUT_NG).format(**places))
    (home / "dput.d" / "profiles").mkdir(parents=True)
    (home / "dput.d" / "profiles" / "ppa.json").write_text(_PROFILE.format(**places))
    names = [ppa.removeprefix("~") for ppa in ppas]
    command = home / "bin" / "dput"
    command.write_text(_COMMAND.format(python=sys.executable, system=PYTHON, ppas=names, control=control, **places))
    command.chmod(0o755)
    return home / "bin"


def install_real(name: str, home: Path) -> None:
    """Make `bin/dput` there: the real one of that package, with nothing around it, which uploads where it is told."""
    need()
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "dput.py"
    program.write_text((_PLAIN_DPUT if name == "dput" else DPUT_NG).format(unpacked=UNPACKED, home=home))
    command = home / "bin" / "dput"
    command.write_text(f'#!/bin/sh\nexec {PYTHON} -sB {program} "$@"\n')
    command.chmod(0o755)


def path(folder: Path) -> str:
    """PATH with that dput first, and our command."""
    return f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
