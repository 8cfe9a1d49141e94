"""What a machine's files are: scripts that put them together in new namespaces and start systemd there as PID 1.

Rule: nothing of the host is written.  A layout is called with the name of a control group for all of the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

PLACE = "/srv/assigner"
_UNITS = Path("/usr/lib/systemd/system")
_BORROWED = (
    "sysinit.target",
    "basic.target",
    "sockets.target",
    "shutdown.target",
    "systemd-journald.service",
    "systemd-journald.socket",
)
_TARGET = r"[Unit]\nRequires=basic.target systemd-journald.service\nAfter=basic.target\n"
_JOURNALD = r"[Journal]\nStorage=volatile\nRateLimitBurst=0\nReadKMsg=no\nForwardToConsole=no\n"
_OF_HOST = """
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir -p /srv/etc /srv/work {place}
{binds}
for folder in /run /tmp /var; do mount -t tmpfs -o mode=755 tmpfs $folder; done
ln -s /run /var/run
mkdir -p /run/lock /var/lib /var/cache /var/log /var/tmp
chmod 1777 /tmp /var/tmp
mount -t overlay -o lowerdir=/etc,upperdir=/srv/etc,workdir=/srv/work overlay /etc
mount -t tmpfs -o mode=755 tmpfs /etc/systemd/system
mount -t overlay -o lowerdir={place}/bin:/usr/bin overlay /usr/bin
ln -s {borrowed} /etc/systemd/system/
printf '{target}' > /etc/systemd/system/multi-user.target
"""
_OF_ROOT = """
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir /srv/written /srv/work /srv/root
mount -t overlay -o lowerdir='{root}',upperdir=/srv/written,workdir=/srv/work overlay /srv/root
cd /srv/root
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
for folder in run tmp; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
cat /etc/resolv.conf > run/resolv.conf
ln -sf /run/resolv.conf etc/resolv.conf
for unit in systemd-modules-load.service getty.target; do ln -s /dev/null etc/systemd/system/$unit; done
pivot_root . mnt
umount -l /mnt
"""
_BOOT = """
printf '{journald}' > /etc/systemd/journald.conf
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/{group}
echo $$ > /sys/fs/cgroup/{group}/cgroup.procs
exec unshare --cgroup --pid --fork --kill-child --mount-proc --mount sh -c '
    umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount --make-rshared /
    exec env -i container=unshare PATH=/usr/sbin:/usr/bin:/sbin:/bin {environment} \\
        /usr/lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=no'
"""


def of_host(places: Mapping[str, Path]) -> Callable[[str], str]:
    """The host's own files, with no units but those that are put into /etc/systemd/system.  `places` are folders by the
    name that they have below PLACE (read them only), of which `bin` is seen in /usr/bin too.
    """
    binds = [f"mkdir {PLACE}/{name} && mount --bind '{path}' {PLACE}/{name}" for name, path in places.items()]
    borrowed = " ".join(str(_UNITS / name) for name in _BORROWED)
    lay_out = _OF_HOST.format(place=PLACE, binds="\n".join(binds), borrowed=borrowed, target=_TARGET)
    return lambda group: lay_out + _boot(group, "SYSTEMD_UNIT_PATH=/etc/systemd/system")


def of_root(root: Path) -> Callable[[str], str]:
    """The files of another system, as it was installed into a folder; what it writes is written elsewhere."""
    return lambda group: _OF_ROOT.format(root=root) + _boot(group, "")


def _boot(group: str, environment: str) -> str:
    return _BOOT.format(group=group, environment=environment, journald=_JOURNALD)
