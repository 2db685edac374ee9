# SPDX-License-Identifier: MIT
"""What every part of the lab uses: counting checks, tables, processes."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

failures = []
passed = 0


def check(name, ok, detail=""):
    global passed
    if ok:
        passed += 1
    else:
        failures.append(name)
        print(f"lab: FAILED: {name}: {detail}", flush=True)


def run(*argv, **kw):
    """Standard output of a command, which must succeed."""
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, **kw)
    if p.returncode != 0:
        raise SystemExit(f"lab: {' '.join(argv)}: exit code {p.returncode}\n"
                         f"{p.stdout}")
    return p.stdout


def until(test, seconds=30):
    """Whether the condition becomes true in time."""
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def wait_for(what, test, seconds=60):
    if not until(test, seconds):
        raise SystemExit(f"lab: {what} does not come up")


def listening(port, address="127.0.0.1"):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((address, port)) == 0


def table(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return [line.rstrip("\n") for line in f
                if line.strip() and not line.startswith("#")]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def readme(title):
    """The indented block of the first page, or of the operator's handbook,
    that begins with this line."""
    lines = (read(f"{HERE}/../../README.md")
             + read(f"{HERE}/../../boards/posix/README.md")).splitlines()
    if f"    {title}" not in lines:
        raise SystemExit(f"lab: no README has a block \"{title}\"")
    block = []
    for line in lines[lines.index(f"    {title}"):]:
        if line and not line.startswith("    "):
            break
        block.append(line[4:])
    return "\n".join(block).rstrip() + "\n"


class Row:
    """A domain and what it publishes; see the heads of the tables."""

    def __init__(self, domain, served, mx=""):
        self.domain = domain
        self.served = dict(word.split("=", 1) for word in served.split())
        self.mx = [tuple(word.split("=", 1)) for word in mx.split()]

    def get(self, key, otherwise):
        return self.served.get(key, otherwise)


class Lab:
    """A folder, and the processes that write their logs there."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mtasts-lab-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.children = []

    def path(self, name):
        return f"{self.folder}/{name}"

    def start(self, *argv, log, **kw):
        with open(self.path(log), "ab") as out:
            child = subprocess.Popen(argv, stdout=out, stderr=out, **kw)
        self.children.append(child)
        return child

    def stop(self, child, how=signal.SIGTERM):
        if child.poll() is None:
            child.send_signal(how)
        try:
            return child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()

    def close(self):
        for child in reversed(self.children):
            self.stop(child, signal.SIGKILL)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def play(what, begin):
    """Runs begin(lab), prints the result, leaves nothing behind; the exit
    code."""
    lab = Lab()
    begun = time.monotonic()
    ended = False
    try:
        begin(lab)
        ended = True
    finally:
        lab.close()
        if failures or not ended:
            for name in sorted(os.listdir(lab.folder)):
                if re.search(r"\.(log|out)$", name):
                    lines = read(lab.path(name)).splitlines()
                    print("\n".join([f"--- {name}"] + lines[-60:]))
        sys.stdout.flush()
        lab.remove()
    print(f"{what}: {passed} checks passed, {len(failures)} failed, "
          f"{time.monotonic() - begun:.0f} s")
    return 1 if failures or not passed else 0
