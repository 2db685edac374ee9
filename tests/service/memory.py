# SPDX-License-Identifier: MIT
"""memory.py MTASTS: memory is taken when it is needed, or at the start where
the key `memory` asks for it; the log reports what became of a request for huge
pages."""
import os
import sys

import agent

MEMORY_K = 16384
OTHER_K = 6144  # at most: outside the block, or touched at the start
LARGE_K = 262144
MORE_K = 512  # at most: touched at the start in a large block, and not in another
HUGE = "/sys/kernel/mm/transparent_hugepage/enabled"


def resident_k(pid):
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f
                        if line.startswith("VmRSS:"))
    except OSError:
        agent.not_run("memory: no /proc/PID/status")


def life(binary, words, memory=MEMORY_K):
    """KB resident when it listens, and the log."""
    with agent.Folder() as folder:
        a = agent.Agent([binary], [
            "memory %dK%s" % (memory, words), "journal off",
            "nameserver 127.0.0.1 port=1", "log stderr",
            "listen unix:%s/socket" % folder]).ready()
        k = resident_k(a.pid)
        a.stop()
        return k, a.log()


def main():
    binary = os.path.abspath(sys.argv[1])
    plain, log = life(binary, "")
    agent.check(plain < OTHER_K, "untouched: %d KB resident" % plain)
    agent.check("pages" not in log, "nobody asked for pages:\n" + log)
    large, _ = life(binary, "", LARGE_K)
    agent.check(large <= plain + MORE_K,
                "untouched: %d KB resident, %d in a large block" %
                (plain, large))
    touched, log = life(binary, " touch=yes")
    agent.check(touched >= MEMORY_K, "touched: %d KB resident" % touched)
    _, log = life(binary, " huge=yes")
    if not os.path.exists(HUGE):
        word = "has no huge ones"
    else:
        with open(HUGE, encoding="ascii") as f:
            word = ("switched off" if "[never]" in f.read()
                    else "memory in huge pages")
    agent.check(word in log, "%r is not logged:\n%s" % (word, log))
    print("memory: %d KB resident at the start, %d when all is touched"
          % (plain, touched))


main()
