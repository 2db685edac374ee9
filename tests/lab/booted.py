# SPDX-License-Identifier: MIT
"""A Debian in a folder, booted: its systemd is process 1 of namespaces of its
own, with its own tree of control groups, and starts what packages bring."""

import os

from base import read, until, wait_for
from system import System

# In the new namespaces: what the folder lacks to be a machine, then the folder
# as root. $1 is the folder.
BOOT = """
set -e
mount --rbind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
mkdir -p mnt/old
pivot_root . mnt/old
umount -l mnt/old
hostname client.test
exec env -i container=lxc PATH="$PATH" /lib/systemd/systemd
"""
GROUPS = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")


def groups():
    """Where control groups of version 2 can be made, or None."""
    for place in GROUPS:
        if os.path.exists(f"{place}/cgroup.procs") and os.access(place, os.W_OK):
            return place
    return None


class Booted(System):
    def __init__(self, lab, root):
        super().__init__(lab, root)
        self.group = f"{groups()}/{os.path.basename(lab.folder)}"
        os.mkdir(self.group)
        try:
            self.boot(lab, root)
        except BaseException:
            self.shut()
            raise

    def boot(self, lab, root):
        self.child = child = lab.start(
            "sh", "-c", 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"', "sh",
            self.group, "unshare", "-m", "-p", "-f", "-C", "-u", "-i",
            "--kill-child", "--propagation", "private", "sh", "-c", BOOT, "sh",
            os.path.abspath(root), log="boot.log")
        children = f"/proc/{child.pid}/task/{child.pid}/children"
        wait_for("process 1", lambda: read(children).split())
        first = read(children).split()[0]
        self.prefix = ["nsenter", "-t", first, "-m", "-p", "-C", "-u", "-i", "env",
                       "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                       "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"]
        wait_for("systemd", lambda: os.path.exists(
            f"/proc/{first}/root/run/systemd/private"))
        # Degraded: some unit of it wants a kernel of its own.
        wait_for("the system", lambda: self.run(
            "sh", "-c", "systemctl is-system-running || true").strip()
                 in ("running", "degraded"))

    def shut(self):
        self.lab.stop(self.child)
        until(self.emptied)

    def emptied(self):
        """Whether its control groups are gone: the last processes may still be
        ending."""
        try:
            for folder, _, _ in os.walk(self.group, topdown=False):
                os.rmdir(folder)
        except OSError:
            return False
        return True
