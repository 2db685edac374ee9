#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which functions the static daemon runs, for boards/posix/first.txt.

first.py MTASTS MAP GENERATOR

Prints the sections of the functions that run from the start to answers from the
journal, then those that a fetch adds, by callgrind; MAP is the linker's. Each
part keeps the order of the file: what stands together compresses better. Runs in a
network namespace of its own, as policies are fetched from port 443.
"""

import bisect
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

import cold
from resident import everything, keep
from restart import NXDOMAIN, answer, free_port, name_server


def sections(path):
    """(address, name) of each section of code, in order."""
    with open(path, encoding="utf-8") as f:
        found = re.findall(r"^ \.text\.(\S+)\s+0x([0-9a-f]+)\s+0x[0-9a-f]+ ",
                           f.read(), re.M)
    return sorted((int(at, 16), name) for name, at in found if int(at, 16))


def called(mtasts, folder, options, port, domains):
    """Names of functions that ran in a life with these questions."""
    child = subprocess.Popen(
        ["valgrind", "-q", "--tool=callgrind",
         f"--callgrind-out-file={folder}/calls.%p", mtasts, "serve"] + options,
        stderr=subprocess.DEVNULL)
    for d in domains:
        answer(port, d)
    time.sleep(4)
    child.terminate()
    child.wait()
    names = set()
    for path in glob.glob(f"{folder}/calls.*"):
        with open(path, encoding="ascii") as f:
            names.update(re.findall(r"^c?fn=\(\d+\) ([^'\n]+)", f.read(),
                                    re.M))
        os.remove(path)
    return names


def unseen(build):
    """What runs out of callgrind's sight: it calls main itself, nothing can be
    confined under it, and each configuration has other keys."""
    text = subprocess.run(
        ["objdump", "-t", f"{build}/obj/boards/posix/conf_keys.o"] +
        glob.glob(f"{build}/obj/boards/posix/confine_*.o"),
        check=True, stdout=subprocess.PIPE, text=True).stdout
    return {"__libc_start_main", "prctl"} | set(
        re.findall(r" F \.text\.(\S+)", text))


def plain(section):
    """A section's name without what the compiler appends to a function's."""
    return re.sub(r"\.(lto_priv|constprop|isra|part|cold)\b.*", "", section)


def placed(mtasts, names, every):
    """The sections that these functions stand in."""
    text = subprocess.run(["nm", mtasts], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    starts = [at for at, _ in every]
    found = set()
    for at, name in re.findall(r"^([0-9a-f]+) [tTwW] (\S+)$", text, re.M):
        if name in names:
            i = bisect.bisect(starts, int(at, 16)) - 1
            if starts[i] == int(at, 16):
                found.add(plain(every[i][1]))
    return found


def main():
    mtasts, every = os.path.abspath(sys.argv[1]), sections(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="mtasts-first-") as folder:
        port = free_port()
        options = everything(folder, port, name_server(NXDOMAIN),
                             ["confine off"])
        domain = keep(mtasts, os.path.abspath(sys.argv[3]), folder, options,
                      1000)[0]
        held = called(mtasts, folder, options, port,
                      [domain, "nobody.example", domain])
        # A configuration in a file, and the system's name servers.
        port = free_port()
        with open(f"{folder}/conf", "w", encoding="ascii") as f:
            f.write(f"listen inet:127.0.0.1:{port}\njournal off\n"
                    "control off\nconfine off\n")
        held |= called(mtasts, folder, ["-c", f"{folder}/conf"], port,
                       [".parent"])
        names, domains = cold.world(folder)
        port = free_port()
        fetched = called(mtasts, folder, everything(
            folder, port, names,
            ["confine off", f"trust_anchors {folder}/root.pem",
             "fetch_allow 127.0.0.0/8"]), port, domains[:3] + domains[:3])
    first = placed(mtasts, held, every) | unseen(os.path.dirname(mtasts))
    at = {plain(name): i for i, (_, name) in enumerate(every)}
    for part in first, placed(mtasts, fetched, every) - first:
        print(*sorted(part, key=lambda x: (at.get(x, 0), x)), sep="\n")


if __name__ == "__main__":
    main()
