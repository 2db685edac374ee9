#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`mtasts serve` killed while it writes its journal, and started again.

kill.py MTASTS [KILLS] [SEED]

The daemon is asked for policies that change, and gets SIGKILL at a random
moment: the parent, the child that writes, or both. What a reader of the
journal (tests/journal/read.py) found in the file before the kill must be in it
afterwards, or a later version of it. Then the daemon starts with a name server
that knows nothing, and must answer exactly what the file holds.
"""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time

from world import (DOMAINS, PATIENCE_S, Daemon, Published, answer, ask,
                   certificates, fail, free_port, kept, name_server,
                   policy_host)


class Test:
    def __init__(self, mtasts, folder):
        self.mtasts, self.folder = mtasts, folder
        self.journal = f"{folder}/journal"
        self.published = Published()
        certificates(folder)
        self.names = name_server(self.published)
        self.no_names = name_server(None)
        self.policies = policy_host(self.published, folder)
        self.kills = self.written = 0

    def daemon(self, names):
        return Daemon(self.mtasts, self.folder, names, self.policies,
                      self.journal)

    def kept(self):
        return kept(self.journal, f"{self.folder}/copy")

    def crowd(self, daemon, answers, clients=6):
        """Clients that ask for everything at once. Returns their threads."""
        def one(part):
            answers.extend(ask(daemon.port, part))

        order = random.sample(DOMAINS, len(DOMAINS))
        threads = [threading.Thread(target=one, args=(order[i::clients],))
                   for i in range(clients)]
        for t in threads:
            t.start()
        return threads

    def change(self, orderly):
        """A life in which most policies change. Returns what must be kept of
        it."""
        for d in random.sample(DOMAINS, 50):
            self.published.renew(d)
        before = self.held
        daemon, answers = self.daemon(self.names), []
        daemon.wait()
        threads = self.crowd(daemon, answers)
        if orderly:
            for t in threads:
                t.join()
            daemon.end()
            must = dict(before)
            must.update((d, self.version_of(d, a)) for d, a in answers)
        else:
            time.sleep(random.random() * 0.3)
            must = self.kept()
            time.sleep(random.random() * 0.2)
            daemon.kill(random.choice(["daemon", "writer", "both"]))
            self.kills += 1
            for t in threads:
                t.join()
        return must

    def version_of(self, domain, text):
        for v in range(self.published.version[domain], 0, -1):
            if text == answer(domain, v):
                return v
        return fail(f"{domain}: answered {text[:80]}")

    def compare(self, must):
        self.wait_for_lock()
        now = self.kept()
        for d in DOMAINS:
            had, has = must.get(d), now.get(d)
            if had is not None and (has is None or has < had):
                fail(f"{d}: version {had} was kept, now {has}")
            if has is not None and has > self.published.version[d]:
                fail(f"{d}: version {has} was never published")
        self.written += sum(now.get(d) != self.held.get(d) for d in DOMAINS)
        self.held = now

    def wait_for_lock(self):
        """Waits until the killed process's child has ended its last write."""
        subprocess.run(["flock", "-w", str(PATIENCE_S),
                        self.journal, "true"], check=True)

    def alone(self, names):
        """A life without a server to ask: the answers are the journal's."""
        daemon, answers = self.daemon(names), []
        if random.random() < 0.3:
            time.sleep(random.random() * 0.03)
            daemon.kill("both")
            self.kills += 1
            daemon = self.daemon(names)
        daemon.wait()
        for t in self.crowd(daemon, answers, 20):
            t.join()
        daemon.kill("both")
        self.kills += 1
        if len(answers) != len(DOMAINS):
            fail(f"{len(answers)} answers to {len(DOMAINS)} questions")
        for d, text in answers:
            if text != answer(d, self.held.get(d)):
                fail(f"{d}: version {self.held.get(d)} is kept, "
                     f"answered {text[:80]}")

    def run(self, kills):
        self.held = {}
        daemon = self.daemon(self.names)
        daemon.wait()
        daemon.end()
        while self.kills < kills:
            self.compare(self.change(random.random() < 0.1))
            self.alone(self.no_names)
        self.alone(free_port())  # no name server at all
        if self.written < kills:
            fail(f"only {self.written} policies were written")


def main():
    mtasts = os.path.abspath(sys.argv[1])
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    random.seed(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    with tempfile.TemporaryDirectory(prefix="mtasts-kill-") as folder:
        test = Test(mtasts, folder)
        try:
            test.run(kills)
        except SystemExit:
            with open(f"{folder}/log", errors="replace") as f:
                sys.stderr.write("".join(f.readlines()[-40:]))
            raise
    print(f"kill: {test.kills} kills, {test.written} policies written, "
          "none lost")


main()
