#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memory that is resident with everything on, at 1,000 domains.

resident.py MTASTS GENERATOR [POLICIES]

The daemon keeps its policies in a journal, answers for DANE, takes TLS reports
and sends its own, shares, and serves metrics and commands. The kernel's list
of mappings divides what is resident into the configured block, what else was
written to, and what is only mapped from a file: the code, which the kernel may
drop at any time. Of the binary all pages count, even unused ones, since the
kernel maps the pages around each page that is used. Fails where a bar is
missed: for the total, for what is not the block, and for what of that was
written to.
"""

import os
import re
import subprocess
import sys
import tempfile
import time

from restart import NXDOMAIN, answer, free_port, name_server

BAR_K, BESIDE_BAR_K, WRITTEN_BAR_K = 5120, 600, 200


def mappings(pid):
    """(size, resident, written) in KB, of every mapping. A page of a file
    counts as dirty, too, while the file is new."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="ascii") as f:
        for line in f:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                found.append({})
            else:
                word, value = line.split(":", 1)
                found[-1][word] = value.split()[0] if value.split() else "0"
    return [(int(m["Size"]), int(m["Rss"]), int(m["Anonymous"]))
            for m in found]


def everything(folder, port, names, keys=()):
    """Options of a daemon with everything on. names: its name server's port."""
    with open(f"{folder}/key", "w", encoding="ascii") as f:
        f.write("00" * 32 + "\n")
    os.chmod(f"{folder}/key", 0o600)
    lines = [f"journal {folder}/journal", f"listen inet:127.0.0.1:{port}",
             f"listen unix:{folder}/text protocol=text",
             f"nameserver 127.0.0.1 port={names} trusted=yes",
             "dane on", f"tlsrpt unix:{folder}/tlsrpt",
             "contact postmaster@example.com", "organization_name Example",
             "redis inet:127.0.0.1:1", f"redis_key {folder}/key",
             f"metrics unix:{folder}/metrics",
             f"control unix:{folder}/control", "log stderr", *keys]
    return [x for line in lines for x in ("-o", line)]


def keep(mtasts, generator, folder, options, n):
    """Write a journal of n policies. The last domain, and the block's KB."""
    plan = subprocess.run([mtasts, "serve", "-t"] + options, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    size = re.search(r"journal file: (\d+) bytes", plan).group(1)
    domain = subprocess.run(
        [generator, f"{folder}/journal", size, str(n)], check=True,
        stdout=subprocess.PIPE, text=True).stdout.strip()
    return domain, int(re.search(r"\n +sum +(\d+)", plan).group(1)) // 1024


def main():
    mtasts, generator = map(os.path.abspath, sys.argv[1:3])
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    with tempfile.TemporaryDirectory(prefix="mtasts-resident-") as folder:
        port = free_port()
        options = everything(folder, port, name_server(NXDOMAIN))
        domain, block_k = keep(mtasts, generator, folder, options, n)
        child = subprocess.Popen([mtasts, "serve"] + options,
                                 stderr=subprocess.PIPE, text=True)
        got = answer(port, domain)
        for _ in range(20):
            answer(port, domain)
        time.sleep(1)
        every = mappings(child.pid)
        child.terminate()
        output = child.communicate()[1]
        if " secure match=" not in got or f"records={n} lost=0" not in output:
            raise SystemExit(f"resident: {got}\n{output}")
    blocks = [m for m in every if m[0] == block_k]
    if len(blocks) != 1:
        raise SystemExit(f"resident: {len(blocks)} mappings of {block_k} KB")
    total = sum(m[1] for m in every)
    written = sum(m[2] for m in every) - blocks[0][2]
    rest = total - blocks[0][1]
    print(f"{n} policies: {total} KB resident (bar {BAR_K}): {blocks[0][1]} of "
          f"the block of {block_k}; beside it {rest} (bar {BESIDE_BAR_K}), of "
          f"which {written} were written to (bar {WRITTEN_BAR_K})")
    sys.exit(total > BAR_K or rest > BESIDE_BAR_K or written > WRITTEN_BAR_K)


if __name__ == "__main__":
    main()
