# SPDX-License-Identifier: MIT
"""restart.py MTASTS [TIMES]: while the supervisor holds the listeners, the
daemon is restarted under mail servers that never stop asking: no question is
lost, none is answered wrongly. In the second half every other restart begins
with SIGKILL. Then a new instance starts while the old one still has work."""
import os
import signal
import sys
import threading
import time

import agent

CLIENTS = 8
DOMAINS = 32


class Asker(threading.Thread):
    """Asks without pause; counts its answers."""

    def __init__(self, address, number):
        super().__init__(daemon=True)
        self.client = agent.Postfix(address)
        self.number, self.count = number, 0
        self.problem, self.enough = None, False

    def run(self):
        try:
            while not self.enough:
                n = (self.number * 7 + self.count) % DOMAINS
                got = self.client.ask("d%d.example" % n)
                want = ("OK secure match=mx%d.example" % n if n % 4
                        else "NOTFOUND ")
                if got != want:
                    raise agent.Lost("%r, not %r" % (got, want))
                self.count += 1
                time.sleep(0.001)
        except agent.Lost as e:
            self.problem = e


def none_lost(askers, when, daemon):
    for a in askers:
        agent.check(a.problem is None, "%s: %s lost: %s\n%s"
                    % (when, a.client.address, a.problem, daemon.log()))


def restarts(binary, times, dns, folder):
    tcp, tcp_address = agent.listener()
    unix, unix_address = agent.listener(folder + "/socket")
    options = [dns.line, "journal %s/journal" % folder]
    options += ["override d%d.example postfix secure match=mx%d.example"
                % (n, n) for n in range(DOMAINS) if n % 4]
    askers = [Asker(tcp_address if n % 2 else unix_address, n)
              for n in range(CLIENTS)]
    fds = (tcp.fileno(), unix.fileno())
    for a in askers:
        a.start()  # before any daemon answers
    for i in range(times):
        daemon = agent.Agent([binary], options, fds)
        before = [a.count for a in askers]
        agent.until(lambda: all(
            a.problem or a.count > n + 3 for a, n in zip(askers, before)),
            "a client got no answer:\n" + daemon.log())
        none_lost(askers, "restart %d" % i, daemon)
        if i == times // 2:
            for a in askers:
                # A unix socket whose owner dies after reading a question ends
                # cleanly: only TCP knows a reset.
                a.client.stale = a.client.address == tcp_address
        if i > times // 2 and i % 2:
            daemon.kill(signal.SIGKILL)
            daemon.wait()
        else:
            daemon.stop()
    last = agent.Agent([binary], options, fds).ready()
    for a in askers:
        a.enough = True
    for a in askers:
        a.join(agent.PATIENCE)
        agent.check(not a.is_alive(), "a client got no answer")
    none_lost(askers, "at the end", last)
    last.stop()
    print("restart: %d restarts, %d questions, %d asked twice, none lost"
          % (times, sum(a.count for a in askers),
             sum(a.client.retries for a in askers)))


def hand_over(binary, dns, folder):
    """The old daemon has a question under way when the new one comes. The new
    one waits a moment for the journal, and clients that connect meanwhile wait
    for it."""
    tcp, address = agent.listener()
    options = [dns.line, "journal %s/journal" % folder]
    old = agent.Agent([binary], options, (tcp.fileno(),)).ready()
    waiting = Asker(address, 0)
    waiting.enough = True
    dns.mute = True
    asked = dns.asked
    answers = []

    def ask(key):
        try:
            answers.append(agent.Postfix(address).ask(key))
        except agent.Lost as e:
            answers.append(str(e))
    first = threading.Thread(target=ask, args=("slow.example",), daemon=True)
    first.start()
    agent.until(lambda: dns.asked > asked, "nobody asked the name server")
    old.kill()
    old.logged("stopping")
    new = agent.Agent([binary], options, (tcp.fileno(),))
    new.logged("waiting for the instance that has it locked")
    second = threading.Thread(target=ask, args=(".example",), daemon=True)
    second.start()
    dns.mute = False
    agent.check(old.wait() == 0, old.log())
    new.ready()
    for t in (first, second):
        t.join(agent.PATIENCE)
    agent.check(answers == ["NOTFOUND ", "NOTFOUND "], str(answers))
    new.stop()
    print("restart: the lock is handed over")


def main():
    binary = os.path.abspath(sys.argv[1])
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    dns = agent.NameServer()
    with agent.Folder() as folder:
        restarts(binary, times, dns, folder)
    with agent.Folder() as folder:
        hand_over(binary, dns, folder)


main()
