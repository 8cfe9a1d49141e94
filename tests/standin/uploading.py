"""The real dput and dput-ng, which put what they upload into the stand-in's door over HTTP."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from ..recipes.dputs import DPUT_NG, DPUTS, PYTHON, UNPACKED, need

__all__ = ["DPUTS", "upload"]

_CONFIGURATION = """\
[door]
method = http
fqdn = {host}
login = anonymous
incoming = {path}
allow_unsigned_uploads = 1
"""
_PROFILE = """\
{{"fqdn": "{host}", "method": "http", "incoming": "{path}", "meta": "boring", "allow_unsigned_uploads": true,
  "hooks": ["checksum"], "interface": "cli", "hash": "sha256", "login": "anonymous", "full_upload_log": false,
  "allow_dcut": false, "post_upload_command": "", "pre_upload_command": ""}}
"""
_DPUT = """\
import sys
sys.path.insert(0, "{unpacked}/dput/usr/share/dput")
from dput.dput import main
sys.exit(main())
"""


def upload(dput: str, changes: Path, folder: str, home: Path) -> None:
    """Upload by that dput into a folder of the door, given by its address; it must say that all went well."""
    need()
    place = urlsplit(folder)
    home.mkdir(exist_ok=True)
    (home / "dput.d" / "profiles").mkdir(parents=True, exist_ok=True)
    (home / "dput.d" / "profiles" / "door.json").write_text(_PROFILE.format(host=place.netloc, path=place.path))
    (home / "dput.cf").write_text(_CONFIGURATION.format(host=place.netloc, path=place.path))
    program = home / "program.py"
    program.write_text((_DPUT if dput == "dput" else DPUT_NG).format(unpacked=UNPACKED, home=home))
    options = ["-c", str(home / "dput.cf")] if dput == "dput" else []
    command = [PYTHON, "-sB", str(program), *options, "--force", "door", str(changes)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"HOME": str(home), "USER": "ci"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
