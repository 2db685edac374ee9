# SPDX-License-Identifier: MIT
"""Where a mail server of the lab is installed: this machine, or a folder with
another Debian (trixie.sh). The lab's mount namespace covers the files that a
server would read or write, so that stock paths and stock files are tested."""

import os

from base import read, run
from world import ROOTS


class System:
    def __init__(self, lab, root="", entered=False):
        self.lab, self.root = lab, root
        self.prefix = ["chroot", root] if root else []
        if root and not entered:
            self.enter()

    def enter(self):
        run("mount", "-t", "proc", "proc", f"{self.root}/proc")
        for place, mode in ("dev", "0755"), ("run", "0755"), ("tmp", "1777"):
            run("mount", "-t", "tmpfs", "-o", f"mode={mode}", "tmpfs",
                f"{self.root}/{place}")
        for device in ("full", "null", "random", "urandom", "zero"):
            self.cover(f"/dev/{device}", f"/dev/{device}")
        self.cover(self.lab.folder, self.lab.folder)
        self.cover(self.lab.path("resolv.conf"), "/etc/resolv.conf")
        self.cover(self.lab.path("root.pem"), ROOTS)

    def cover(self, path, place):
        """Puts our file or folder at this place, which is made if missing."""
        place = os.path.realpath(self.root + place) if not self.root else \
            self.root + place
        if os.path.isdir(path):
            os.makedirs(place, exist_ok=True)
        elif not os.path.exists(place):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            open(place, "w", encoding="ascii").close()
        run("mount", "--bind", path, place)

    def folder(self, name, place):
        """Puts an empty folder of the lab's at this place."""
        path = self.lab.path(name)
        os.makedirs(path)
        self.cover(path, place)
        return path

    def user(self, name):
        """Makes sure that there is a system user of this name."""
        if f"\n{name}:" not in self.read("/etc/passwd"):
            self.run("useradd", "--system", "--user-group", name)

    def run(self, *argv, **kw):
        return run(*self.prefix, *argv, **kw)

    def read(self, path):
        return read(self.root + path)

    def has(self, path):
        return os.path.exists(self.root + path)
