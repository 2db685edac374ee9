#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run fuzzers one after the other and end with a table:
    fuzz.py SECONDS DIR CORPORA NAME...

DIR holds the programs. Findings go to DIR/findings/NAME, output to
DIR/NAME.log, and inputs that reach something new to CORPORA/NAME. After a
finding the other fuzzers still run; the exit status is then 1. FUZZ_ARGS holds
options for libFuzzer.
"""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# The agent has so many features that weighing them costs more than playing it.
# No HTTP response longer than the longest of its corpus is of interest.
OPTIONS = {"agent": ["-entropic=0"], "http": ["-max_len=4096"]}
COLUMNS = "%-14s %12s %9s %8s %9s %6s %9s"


def number(pattern, text):
    """The last number the pattern finds, or 0."""
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run(name, seconds, place, corpora):
    """Runs one fuzzer for that long and returns its row of the table."""
    log = os.path.join(place, name + ".log")
    found = os.path.join(place, "findings", name)
    grown = os.path.join(corpora, name)
    os.makedirs(found, exist_ok=True)
    os.makedirs(grown, exist_ok=True)
    before = set(os.listdir(found))
    command = [os.path.join(place, name), "-max_total_time=%d" % seconds,
               "-print_final_stats=1", "-timeout=10", "-artifact_prefix=" + found + "/"]
    command += OPTIONS.get(name, []) + os.environ.get("FUZZ_ARGS", "").split()
    began = time.monotonic()
    with open(log, "wb") as out:
        status = subprocess.call(command + [grown, os.path.join(HERE, "corpus", name)],
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    took = max(time.monotonic() - began, 1)
    with open(log, encoding="utf-8", errors="replace") as printed:
        text = printed.read()
    executions = max(number(r"number_of_executed_units:\s*(\d+)", text),
                     number(r"(?m)^#(\d+)\s", text))
    findings = len(set(os.listdir(found)) - before)
    if status != 0 and findings == 0:
        findings = 1
    return {"name": name, "executions": executions, "rate": executions / took,
            "edges": number(r"\bcov: (\d+)", text), "features": number(r"\bft: (\d+)", text),
            "new": number(r"new_units_added:\s*(\d+)", text), "findings": findings}


def main():
    seconds, place, corpora, names = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    total = findings = 0
    print(COLUMNS % ("fuzzer", "executions", "a second", "edges", "features", "new", "findings"))
    for name in names:
        row = run(name, seconds, place, corpora)
        print(COLUMNS % (row["name"], row["executions"], "%.0f" % row["rate"], row["edges"],
                         row["features"], row["new"], row["findings"]), flush=True)
        if row["findings"] > 0:
            print("  %s/%s.log; inputs in %s/findings/%s" % (place, name, place, name), flush=True)
        total += row["executions"]
        findings += row["findings"]
    print(COLUMNS % ("in all", total, "", "", "", "", findings))
    return 1 if findings > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
