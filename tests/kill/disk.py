#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`mtasts serve` on file systems that are full, read-only, gone or failing.

disk.py MTASTS  (by disk.sh, in a mount namespace of its own)

Every row: the daemon starts and answers whatever its disk does. It logs what
is wrong, once. When the fault is over it goes on, and what was learnt
meanwhile is in the journal. The rows run side by side, since the daemon looks
at its disk once a minute.
"""

import ctypes
import fcntl
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from world import (DOMAINS, Daemon, Published, answer, ask, certificates,
                   fail, kept, name_server, policy_host)

AGAIN_S = 150  # the daemon tries again after 60
EXT4_SHUTDOWN = 0x8004587d


def run(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def wait_for(what, test):
    until = time.monotonic() + AGAIN_S
    while not test():
        if time.monotonic() > until:
            fail(what)
        time.sleep(0.2)


def punch(path, offset, length):
    """Gives the blocks back, like a file system that never writes in place."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(path, os.O_RDWR)
    if libc.fallocate(fd, 3, ctypes.c_long(offset), ctypes.c_long(length)):
        fail(f"{path}: no hole can be made")
    os.close(fd)


class Row:
    """A disk of its own below the folder, and the daemon on it."""

    def __init__(self, name, disk, world):
        self.name, self.world = name, world
        self.folder = f"{world.folder}/{name}"
        self.disk = f"{self.folder}/disk"
        self.journal = f"{self.disk}/journal"
        os.makedirs(self.disk)
        os.link(f"{world.folder}/root.pem", f"{self.folder}/root.pem")
        if disk == "ext4":
            run("truncate", "-s", "16M", f"{self.folder}/image")
            run("mkfs.ext4", "-q", "-m", "0", f"{self.folder}/image")
            run("mount", "-o", "loop", f"{self.folder}/image", self.disk)
        else:
            run("mount", "-t", "tmpfs", "-o", f"size={disk}", "tmpfs",
                self.disk)

    def start(self):
        self.daemon = Daemon(self.world.mtasts, self.folder, self.world.names,
                             self.world.policies, self.journal)
        self.daemon.wait()

    def ask(self, domains):
        """Asks for all domains, whose answers come from the world or from
        memory."""
        got = ask(self.daemon.port, domains)
        if got != [(d, answer(d, 1)) for d in domains]:
            fail(f"{self.name}: answers {[(d, a[:40]) for d, a in got]}")

    def log(self):
        with open(f"{self.folder}/log", errors="replace") as f:
            return f.read()

    def logged_times(self, text, times=1):
        n = len(re.findall(text, self.log()))
        if n != times:
            fail(f"{self.name}: logged {n} times, not {times}: {text}")

    def logged(self, text):
        wait_for(f"{self.name}: not logged: {text}",
                 lambda: re.search(text, self.log()))

    def keeps(self, domains):
        def all_there():
            try:
                held = kept(self.journal, f"{self.folder}/copy")
            except FileNotFoundError:
                return False
            return all(held.get(d) == 1 for d in domains)

        wait_for(f"{self.name}: {domains} are not kept", all_there)

    def fill(self):
        """Fills the disk to the last byte."""
        with open(f"{self.disk}/junk", "wb", buffering=0) as f:
            for size in (1 << 20, 4096, 1):
                try:
                    while f.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

    def make_room(self):
        os.unlink(f"{self.disk}/junk")


A, B, C = DOMAINS[0:3], DOMAINS[3:6], DOMAINS[6:9]


def full_at_start(row):
    row.start()
    row.ask(A)
    row.logged_times("No space left on device")
    run("mount", "-o", "remount,size=8M", row.disk)
    row.ask(B)
    row.keeps(A + B)
    row.logged_times("written again")
    row.logged_times("No space left on device")


def full_beside(row):
    """The journal reserved its room when it was made."""
    row.start()
    row.ask(A)
    row.keeps(A)
    row.fill()
    row.ask(B)
    row.keeps(A + B)
    row.logged_times("No space left", 0)


def copy_on_write(row):
    """The journal has room for what it holds, and for no more."""
    row.start()
    row.ask(A)
    row.keeps(A)
    area = os.path.getsize(row.journal) // 2
    punch(row.journal, 65536, area - 65536)
    punch(row.journal, area + 65536, area - 65536)
    row.fill()
    # More than fits into the remaining room.
    row.ask(DOMAINS[3:])
    row.logged("No space left on device")
    row.ask(A)
    row.make_room()
    row.keeps(DOMAINS)
    row.logged("written again")
    row.logged_times("No space left on device")
    # What was kept is there when no server is left to ask.
    row.daemon.kill("both")
    row.start()
    row.logged("journal-loaded records=60 lost=0")
    row.logged_times("journal-loaded records=60 lost=0")


def read_only(row):
    row.start()
    row.ask(A)
    row.keeps(A)
    row.daemon.end()

    def is_read_only():
        # The process that writes the journal may outlive the daemon, and keeps
        # the disk busy.
        return subprocess.run(["mount", "-o", "remount,ro", row.disk],
                              check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    wait_for(f"{row.name}: the disk is busy", is_read_only)
    row.start()
    row.logged("journal-loaded records=3 lost=0")
    row.logged_times("journal-loaded records=3 lost=0")
    row.logged_times("Read-only file system")
    row.ask(A + B)
    run("mount", "-o", "remount,rw", row.disk)
    row.keeps(A + B)
    row.logged("journal-resumed")
    row.logged_times("Read-only file system")


def no_folder(row):
    row.journal = f"{row.disk}/later/journal"
    row.start()
    row.ask(A)
    row.logged_times("No such file or directory: policies")
    os.mkdir(f"{row.disk}/later")
    row.keeps(A)
    row.logged_times("written again")
    row.logged_times("No such file or directory: policies")


def fails(row):
    """A disk that was pulled out: every call fails from now on."""
    row.start()
    row.ask(A)
    row.keeps(A)
    fd = os.open(row.disk, os.O_RDONLY)
    fcntl.ioctl(fd, EXT4_SHUTDOWN, b"\x02\0\0\0")
    os.close(fd)
    row.ask(B)
    row.logged("Input/output error: newer policies do not outlive")
    row.ask(A + B + C)


ROWS = [
    (full_at_start, "64K"),
    (full_beside, "ext4"),
    (copy_on_write, "4M"),
    (read_only, "8M"),
    (no_folder, "8M"),
    (fails, "ext4"),
]


class World:
    def __init__(self, mtasts, folder):
        self.mtasts, self.folder = mtasts, folder
        certificates(folder)
        published = Published()
        self.names = name_server(published)
        self.policies = policy_host(published, folder)


def play(play_row, disk, world, problems):
    row = Row(play_row.__name__, disk, world)
    try:
        play_row(row)
        row.daemon.kill("both")
    except (SystemExit, Exception) as problem:
        problems.append(f"{row.name}: {problem}\n{row.log()[-3000:]}")


def main():
    with tempfile.TemporaryDirectory(prefix="mtasts-disk-") as folder:
        world = World(os.path.abspath(sys.argv[1]), folder)
        problems = []
        threads = [threading.Thread(target=play, args=r + (world, problems))
                   for r in ROWS]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for name in [r[0].__name__ for r in ROWS]:
            subprocess.run(["umount", "-l", f"{folder}/{name}/disk"],
                           check=False)
    if problems:
        raise SystemExit("\n".join(problems))
    print(f"disk: {len(ROWS)} rows passed")


main()
