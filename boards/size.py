#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is built takes so much: size.py write | check NAME...

Measures the daemons and firmwares of these folders (below build, build/boards)
and writes the tables between the marks of PAGES; a number of any other stays as
it is.
With check nothing is written: it fails if a number there is off by more than
2 %. Both fail if a firmware is over its bar or could use more stack than is
set aside or than was ever seen on it.

By the linkers' maps, the compiler's call graph (size_stack.py), and, for the
stack that was seen, the file that make test-boards leaves beside a firmware.
"""

import collections
import glob
import lzma
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import size_stack  # noqa: E402

OFF, SMALL = 0.02, 64  # fewer octets than that are no drift
TARGETS = ("x86_64", "i686", "armv7", "aarch64", "mips", "mipsel", "riscv64")
# Name in the table, folder below build/boards, flash and RAM at most.
FIRMWARE = (("lm3s6965evb", "lm3s6965evb", 200 << 10, 56 << 10),
            ("4 KB records", "lm3s6965evb-4k", 200 << 10, 44 << 10),
            ("mps2-an385", "mps2-an385", 256 << 10, 72 << 10))
PARTS = (("agent", r"libmtasts\.a|(^|/obj/)(core|dns|tls)/"), ("BearSSL", r"libbearssl\.a"),
         ("lwIP", r"/obj/lwip/|/lwip/src/"), ("roots", r"-anchors\.o"),
         ("libc", r"(lib(c|gcc|gcc_eh)\.a|crt\w*\.o)"), ("board, port", r"."))
# The objects of DANE and its routes: where they are left out nothing is linked.
DANE = re.compile(r"\b(dane|dane_\w+|judge|agent_dane\w*|agent_route|x509_tlsa|"
                  r"rdata|console_route)\.[co]\b")
WITH_DANE = ("mps2-an385",)
ROOTS = "roots"  # Debian's, which change at any time
STATIC, SEEN = "static, gaps included", "stack seen in tests"
DEEPEST, TOGETHER = "worst stack", "**together**"
FLASH_SECTIONS = (".text", ".rodata", ".vectors", ".data")
RAM_SECTIONS = (".data", ".bss", "COMMON")
PIECE = re.compile(r"^ (\.[\w.*-]+|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)"
                   r" (\S+)$")
NUMBER = re.compile(r"\d[\d,]*")

NAMES = sys.argv[2:]
errors = []


def output(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def sections(tool, path):
    """text, data, bss."""
    lines = output(tool, path).splitlines()[1:]
    return [int(n) for n in lines[0].split()[:3]]


# By the linker's map.

def mapped(path):
    """(section, octets, file) of everything that was linked."""
    with open(path) as f:
        text = f.read()
    text = text[text.index("Linker script and memory map"):]
    text = re.sub(r"\n (\.[\w.*-]+)\n\s+0x", r"\n \1 0x", text)
    for line in text.split("\n"):
        m = PIECE.match(line)
        if m and int(m[2], 16) > 0 or m and m[1] == ".vectors":
            yield m[1], int(m[3], 16), m[4]


class Written:
    """In which file what was optimised as one at the link is written: code by the call
    graph, data by the names in the objects, where those with fitting sizes come first.
    What was compiled into a function of another file counts as that one's."""

    def __init__(self, folder, elf):
        graph = size_stack.Graph(folder, elf)
        self.code = {f.rsplit(":", 1)[-1]: o.split(":")[0] + ".c" for f, o in graph.object.items()}
        self.data = collections.defaultdict(list)
        objects = sorted(glob.glob(f"{folder}/obj/**/*.o", recursive=True))
        path = None
        for line in output("arm-none-eabi-readelf", "-sW", *objects).splitlines():
            words = line.split()
            if line.startswith("File: "):
                path = words[1]
            elif len(words) == 8 and words[3] == "OBJECT":
                self.data[size_stack.plain(words[7])].append((int(words[2], 0), path))

    def file(self, section, size):
        name = section.split(".", 2)[-1]
        name = re.sub(r"\.(str|cst)[\d.]+$", "", name)
        if name in self.code:
            return os.path.normpath(self.code[name])
        found = self.data.get(size_stack.plain(name))
        if not found:
            return "core/"  # A constant without a name.
        return min(found, key=lambda f: (f[0] != size, f[1]))[1]


def pieces(path):
    """The same of a firmware's or a daemon's map, with the file of the source or object of what
    the compiler made of many."""
    folder = os.path.dirname(path)
    elf = path.replace(".map", ".elf")
    written = Written(folder, elf) if os.path.exists(elf) else None
    for section, size, source in mapped(path):
        if written and ".ltrans" in source:
            source = written.file(section, size)
        yield section, size, source


def part(section, path):
    """The agent's memory is main.c's: the block, and the two structs."""
    if section in (".bss.block", ".bss.agent", ".bss.driver"):
        return "agent"
    return next(name for name, regex in PARTS if re.search(regex, path))


def measure(path):
    """part -> [flash, RAM]."""
    out = {name: [0, 0] for name, _ in PARTS}
    for section, size, source in pieces(path):
        if section.startswith(FLASH_SECTIONS):
            out[part(section, source)][0] += size
        if section.startswith(RAM_SECTIONS):
            out[part(section, source)][1] += size
    return out


# Tables: (row, column) -> text; what is not measured has no entry.

def cells(text):
    """Those of a table as it stands, without its head."""
    rows = [[c.strip() for c in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|")]
    return {(r[0], head): c for r in rows[2:]
            for head, c in zip(rows[0][1:], r[1:])}


def table(head, rows, made, old):
    out = [["", *head], ["---"] + ["--:"] * len(head)]
    for r in rows:
        row = [made.get((r, c), old.get((r, c), "")) for c in head]
        if any(row):
            out.append([r, *row])
    return "".join("| " + " | ".join(r) + " |\n" for r in out)


def number(text):
    return int(NUMBER.search(text)[0].replace(",", ""))


def firmware_stack(name, folder, elf, made, old):
    """Octets of the worst; fills its cells."""
    size, path = size_stack.worst(folder, elf)
    symbols = dict(size_stack.symbols(elf))
    aside = symbols["sts_ld_stack_top"] - symbols["sts_ld_stack"]
    seen = os.path.join(folder, "stack")
    if os.path.exists(seen):
        with open(seen) as f:
            made[SEEN, f"{name} RAM"] = f"{int(f.read()):,}"
    most = made.get((SEEN, f"{name} RAM"), old.get((SEEN, f"{name} RAM")))
    if most and number(most) > size:
        errors.append(f"{name}: {most} octets of stack were seen, and {size}"
                      " computed")
    if size > aside:
        errors.append(f"{name}: {size} octets of stack, {aside} set aside")
    made[DEEPEST, f"{name} RAM"] = f"{size:,}"
    return size, aside, path


def firmware(name, folder, bars, made, old):
    """Fill the cells of one; the deepest way of its stack."""
    elf = os.path.join(folder, "mtasts.elf")
    text, data, bss = sections("arm-none-eabi-size", elf)
    stack, aside, path = firmware_stack(name, folder, elf, made, old)
    linked = sum(size for section, size, source in pieces(
        os.path.join(folder, "mtasts.map")) if DANE.search(source) and
        section.startswith(FLASH_SECTIONS + RAM_SECTIONS))
    if (linked > 0) != (name in WITH_DANE):
        errors.append(f"{name}: {linked} octets of DANE are linked")
    for p, (flash, ram) in measure(
            os.path.join(folder, "mtasts.map")).items():
        made[p, f"{name} flash"] = f"{flash:,}"
        made[p, f"{name} RAM"] = f"{ram:,}"
    flash, ram = text + data, data + bss - aside
    for row, f, r in ((STATIC, f"{flash:,}", f"{ram:,}"),
                      (TOGETHER, f"**{flash:,}**", f"**{ram + stack:,}**")):
        made[row, f"{name} flash"], made[row, f"{name} RAM"] = f, r
    for what, n, bar in zip(("flash", "RAM"), (flash, ram + stack), bars):
        if n > bar:
            errors.append(f"{name}: {n:,} octets of {what}, over {bar:,}")
    return path


def firmwares(old_text):
    old, made, path = cells(old_text), {}, None
    for name, folder, *bars in FIRMWARE:
        if folder in NAMES:
            p = firmware(name, os.path.join("build/boards", folder), bars,
                         made, old)
            path = path or p
    head = [f"{name} {what}" for name, *_ in FIRMWARE
            for what in ("flash", "RAM")]
    rows = [name for name, _ in PARTS] + [STATIC, SEEN, DEEPEST, TOGETHER]
    words = old_text[old_text.index("\n\n"):]
    if path:
        words = "\n\n" + textwrap.fill(
            "The worst stack is that of " + ", ".join(
                f"`{size_stack.bare(f)}`" for f in path) + ".", 80,
            break_long_words=False, break_on_hyphens=False) + "\n"
    return table(head, rows, made, old).rstrip("\n") + words


def daemons(old_text):
    old, made = cells(old_text), {}
    head = ("ours", "BearSSL", "libc", "file, stripped", "static RAM")
    for t in TARGETS:
        daemon = f"build/{t}/mtasts"
        if t not in NAMES:
            continue
        parts = measure(daemon + ".map")
        for name in ("BearSSL", "libc"):
            made[t, name] = f"{parts[name][0]:,}"
        # Optimised as one: the agent's part cannot be told apart.
        made[t, "ours"] = f"{parts['agent'][0] + parts['board, port'][0]:,}"
        made[t, "file, stripped"] = f"{stripped(t):,}"
        _, data, bss = sections("size", daemon)
        made[t, "static RAM"] = f"{data + bss:,}"
    return table(head, TARGETS, made, old)


def stripped(target):
    triplet = {"i686": "i686-linux-gnu", "armv7": "arm-linux-gnueabihf"}.get(
        target, f"{target}-linux-gnu")
    out = f"build/{target}/stripped"
    subprocess.run([f"{triplet}-strip", "-o", out, f"build/{target}/mtasts"],
                   check=True)
    return os.path.getsize(out)


# The front page.

def library(room):
    files = glob.glob(f"build/cortex-m3/obj/{room}/**/*.o", recursive=True)
    lines = output("arm-none-eabi-size", *files).splitlines()[1:]
    return sum(int(line.split()[0]) for line in lines)


# TLS reports, by what is linked of their files: with everything, and as a
# product of boards/mcu/reports.h has them. What enters them from outside: the
# agent, the driver, the product; for everything also a daemon's commands.
REPORTS = tuple("core/" + f for f in (
    "agent/agent_report", "agent/agent_report_kept", "agent/agent_report_mail",
    "agent/agent_report_pause", "agent/agent_report_plan",
    "agent/agent_report_post", "agent/agent_report_send",
    "agent/agent_report_testing", "agent/agent_report_tick",
    "agent/agent_report_to", "driver_reports",
    "grammar/json_put", "grammar/tlsrpt", "https/post", "lookup/lookup_report",
    "report/report", "report/report_datagram", "report/report_event",
    "report/report_gzip", "report/report_line", "report/report_load",
    "report/report_mail", "report/report_result", "report/report_save",
    "report/report_tally", "report/report_view"))
REPORTS_ENTRY = """agent_report_init agent_report_tick agent_report_due
    agent_report_child agent_report_failed agent_report_uses agent_reporter
    agent_report_event event_begin event_policy event_string event_mx
    event_failure lookup_report_ops lookup_report_leg_ops post_ops
    post_conn_ops"""
REPORTS_FULL = REPORTS_ENTRY + """ report_leaf_ops agent_report_line
    agent_report_config agent_report_tally agent_report_keeps
    agent_report_mark agent_report_marked agent_report_delivered
    agent_report_hurry driver_takes_reports driver_take_reports report_save
    report_save_done report_load report_load_end report_read report_mail_read
    tally_find tally_totals tally_free tally_chunks"""
REPORTS_ALL, REPORTS_LEAN = "with everything", "as boards/mcu/reports.h"
# Octets at most. Aimed at were 18 KB and 8 KB: core/report/README.md.
REPORTS_BARS = {REPORTS_ALL: 125 << 8, REPORTS_LEAN: 37 << 9}


def linked(name, entry, *flags):
    """Octets of code and constants, by file."""
    folder = f"build/cortex-m3/reports/{name}"
    os.makedirs(folder, exist_ok=True)
    arm = ("arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb")
    for f in REPORTS:
        subprocess.run([*arm, "-std=c99", "-Os", "-ffunction-sections",
                        "-fdata-sections", "-I.", "-isystem",
                        "/usr/include/bearssl",
                        "-DSTS_NORETURN=__attribute__((noreturn))",
                        f"-fmacro-prefix-map={os.path.dirname(f)}/=", *flags,
                        "-c", "-o", f"{folder}/{os.path.basename(f)}.o",
                        f + ".c"], check=True)
    # What is missing is not theirs; nothing of this runs.
    subprocess.run([*arm, "-nostdlib", "-Wl,--gc-sections,-e0"]
                   + [f"-Wl,-u,sts_{e}" for e in entry.split()]
                   + ["-Wl,--unresolved-symbols=ignore-all",
                      f"-Wl,-Map={folder}/map", "-o", f"{folder}/linked"]
                   + [f"{folder}/{os.path.basename(f)}.o" for f in REPORTS],
                   check=True)
    octets = collections.Counter()
    for section, size, source in mapped(f"{folder}/map"):
        if section.startswith((".text", ".rodata")):
            octets[os.path.basename(source)[:-2]] += size
    return octets


def reports(old_text):
    old, made = cells(old_text), {}
    lean = '-DSTS_CONFIG_H="boards/mcu/reports.h"'
    for column, octets in (
            (REPORTS_ALL, linked("all", REPORTS_FULL)),
            (REPORTS_LEAN, linked("lean", REPORTS_ENTRY, lean))):
        for f in REPORTS:
            n = octets[os.path.basename(f)]
            made[f[len("core/"):], column] = f"{n:,}" if n else "-"
        made[TOGETHER, column] = f"**{sum(octets.values()):,}**"
        if sum(octets.values()) > REPORTS_BARS[column]:
            errors.append(f"TLS reports {column}: {sum(octets.values()):,} "
                          f"octets, over {REPORTS_BARS[column]:,}")
    rows = sorted((f[len("core/"):] for f in REPORTS),
                  key=lambda f: -number(made[f, REPORTS_ALL]))
    return table((REPORTS_ALL, REPORTS_LEAN), [*rows, TOGETHER], made, old)


# What a product may leave out, by its files; octets at most.
ROOMS = (
    ("DANE for mail servers: core/dane, agent_dane",
     ("core/dane/dane", "core/dane/dane_hosts", "core/dane/dane_list",
      "core/dane/dane_steps", "dns/rdata",
      "core/agent/agent_dane", "core/agent/agent_dane_work"), 9 << 10),
    ("routes and their judge, where firmware calls them",
     ("core/dane/dane_order", "core/dane/dane_records", "core/dane/judge", "core/agent/agent_route",
      "tls/x509/x509_tlsa"), 4 << 10))


def rooms(old_text):
    old, made = cells(old_text), {}
    for row, files, bar in ROOMS:
        objects = [f"build/cortex-m3/obj/{f}.o" for f in files]
        lines = output("arm-none-eabi-size", *objects).splitlines()[1:]
        octets = sum(int(line.split()[0]) for line in lines)
        made[row, "Cortex-M3, -Os"] = f"{octets:,}"
        if octets > bar:
            errors.append(f"{row}: {octets:,} octets, over {bar:,}")
    return table(("Cortex-M3, -Os",), [r for r, *_ in ROOMS], made, old)


def front(old_text, boards):
    old, made = cells(old_text), {}
    rows = ("static daemon, musl, x86-64, stripped, BearSSL included",
            "resident memory of it, running, with the default `memory 4M`",
            "the library's own code on a Cortex-M3, -Os: core, dns, tls",
            "firmware for an LM3S6965, Debian's roots included: flash; "
            "static RAM and worst stack")
    made[rows[0], "size"] = f"{stripped('x86_64'):,} bytes"
    made[rows[1], "size"] = f"{running(())[0]:,} KB"
    made[rows[2], "size"] = " + ".join(
        f"{library(r):,}" for r in ("core", "dns", "tls")) + " bytes"
    name = FIRMWARE[0][0]
    made[rows[3], "size"] = "; ".join(
        boards[TOGETHER, f"{name} {what}"].strip("*")
        for what in ("flash", "RAM")) + " bytes"
    return table(("size",), rows, made, old)


# Which product needs what.

POLICY = 132  # octets that a typical domain costs
ROUTER = ("memory 1M", "clients 64", "lookups 64", "fetch_slots 4")
GATEWAY = ("memory 4M", "dane on", "contact tls@example.com",
           "nameserver 127.0.0.1")
# 8 clients, 8 lookups, 2 fetches, 2 calls, 2 domains with DANE, a journal,
# no list, 128 KB of policies, 32 KB of reports; every other limit its default.
MCU_512 = "STS_AGENT_SIZE_ALL(8, 8, 2, 2, 2, 2048, 0, 131072, 32768)"


def running(settings):
    """Resident octets, and room for policies, with these settings."""
    options = [w for s in (*settings, "journal off", "control off",
                           "trust_anchors /etc/ssl/certs/ca-certificates.crt",
                           "listen inet:127.0.0.1:48461") for w in ("-o", s)]
    words = ["build/x86_64/mtasts", "serve", "-c", "/dev/null", *options]
    plan = output(*words, "-t")
    room = int(re.search(r"^  policies +(\d+)", plan, re.M)[1])
    daemon = subprocess.Popen([*words, "-o", "log_level error"],
                              stderr=subprocess.DEVNULL)
    time.sleep(1)
    with open(f"/proc/{daemon.pid}/status") as f:
        kb = int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
    daemon.terminate()
    daemon.wait()
    return kb, room


def arm_agent(size):
    """Octets of the agent with default limits, on a Cortex-M3."""
    text = f"""#include "core/driver.h"
#include "core/agent/agent_state.h"
#include "core/agent/agent_size.h"
char block[{size}];
char rest[sizeof(struct sts_agent) + sizeof(struct sts_driver)];
"""
    out = "build/cortex-m3/product.o"
    subprocess.run(["arm-none-eabi-gcc", "-std=c99", "-Os", "-mcpu=cortex-m3", "-mthumb", "-I.", "-isystem",
                    "/usr/include/bearssl", "-x", "c", "-c", "-o", out, "-"], input=text, text=True, check=True)
    return sections("arm-none-eabi-size", out)[2]


def product_header(board):
    """The limits of a board's product.h."""
    with open(f"boards/{board}/product.h") as f:
        return dict(re.findall(r"^#define (STS_[A-Z0-9_]+) (\d+)$", f.read(), re.M))


def about(room):
    n = room // POLICY
    step = 10 ** max(len(str(n)) - 2, 1)
    return f"some {n // step * step:,}"


def smallest(page):
    """Octets of the daemon without all of the switches, as `make switches` found."""
    return number(cells(page.get("switches-daemon", "make "))["all of them", "file, stripped"])


def products(boards, page):
    """Of the tables above, and of daemons that run; boards: the cells of one."""
    def cell(row, column):
        return number(boards[row, column].strip("*"))

    flash = stripped("x86_64")
    packed = len(lzma.compress(open("build/x86_64/stripped", "rb").read(), preset=9))
    small, large = running(ROUTER), running(GATEWAY)
    name = FIRMWARE[0][0]
    limits = product_header("lm3s6965evb")
    left_out = ", ".join(f"`{k}`" for k, v in limits.items() if v == "0")
    code = sum(library(r) for r in ("core", "dns", "tls")) + sum(
        cell(p, f"{name} flash") for p in ("BearSSL", "lwIP", ROOTS, "libc", "board, port"))
    ram = arm_agent(MCU_512) + sum(cell(p, f"{name} RAM") for p in ("lwIP", "board, port", DEEPEST))
    rows = (
        ("router, 8 MB of flash", "OpenWrt's package, `memory 1M`", f"{flash:,}; {packed:,} packed by xz",
         f"{small[0]:,} KB resident", about(small[1]), "everything"),
        ("the same, MTA-STS alone", "the package with `WITHOUT=` all that may be left out", f"{smallest(page):,}",
         "less than that", about(small[1]), "`serve`, `query`, `cache`, `enforce`, `match`, `anchors`"),
        ("gateway, 128 MB of RAM", "Debian's, or `make TARGET=...`; `memory 4M`, `dane on`, `contact`", f"{flash:,}",
         f"{large[0]:,} KB resident", about(large[1]), "everything"),
        ("MCU, 64 KB of RAM", "`BOARD=lm3s6965evb`", f"{cell(TOGETHER, name + ' flash'):,}",
         f"{cell(TOGETHER, name + ' RAM'):,}", about(int(limits["STS_BOARD_CACHE"])),
         f"fetches at a time: {limits['STS_BOARD_FETCHES']}; without {left_out}"),
        ("MCU, 512 KB of RAM", "the library with the limits of sts_config.h; 8 clients, 8 lookups, 2 fetches, 2 of DANE",
         f"{code:,} at most", f"{ram:,}", about(131072),
         "DANE, reports, a journal, names beyond ASCII; without `STS_PRELOAD` and `STS_SHARE`, whose memory is 0"))
    head = ("product", "built as", "flash", "RAM", "policies", "has")
    return "".join("| " + " | ".join(r) + " |\n" for r in (head, ["---"] * len(head), *rows))


# What the daemon's block is for, and two bars.

PARTS_SHOWN = (("clients", "clients"), ("lookups", "lookups"),
               ("fetch slots", "fetch slots"), ("trust anchors", "trust anchors"),
               ("driver", "driver"), ("port", "port"),
               ("DNS over TCP", "DNS over TCP"), ("journal", "journal"),
               ("policies", "policies"))


def memory(_):
    """The plan that `serve -t` prints, with a journal and all else its default."""
    with tempfile.TemporaryDirectory() as folder:
        plan = output("build/x86_64/mtasts", "serve", "-t", "-c", "/dev/null", "-o", "nameserver 127.0.0.1",
                      "-o", f"journal {folder}/journal", "-o",
                      "trust_anchors /etc/ssl/certs/ca-certificates.crt")
    rows = []
    for part, name in PARTS_SHOWN:
        m = re.search(rf"^  {part} +(\d+) *(.*)$", plan, re.M)
        size, note = int(m[1]), m[2].replace(" x ", " of ")
        if part == "policies":
            note = f"a typical domain costs {POLICY} bytes: {about(size)}"
        rows.append(f"| {name} | {size:,} | {note} |\n")
    return "| part | bytes | |\n| --- | --: | --- |\n" + "".join(rows)


# The Makefile's TLS_CLIENT_SRC: in the place of BearSSL's engine.
TLS_CLIENT = ("session", "session_receive", "tls12", "tls13", "tls_client", "tls_exchange", "tls_gcm", "tls_hello",
              "tls_keys", "tls_lists", "tls_messages", "tls_params", "tls_records", "tls_state", "tls_stream")
LINKED, WITHOUT_TLS = "the library's own code, linked for lm3s6965evb", "the same without the TLS client"
SMALLEST = "static daemon without all of the switches above"


def bars(boards, page):
    """boards: the cells of the firmwares; page: boards/README.md."""
    name = FIRMWARE[0][0]
    linked = number(boards["agent", f"{name} flash"])
    client = sum(size for section, size, source in pieces(f"build/boards/{name}/mtasts.map")
                 if section.startswith(FLASH_SECTIONS) and
                 re.search(rf"/({'|'.join(TLS_CLIENT)})\.[co]$", source))
    rows = ((LINKED, linked, None), (WITHOUT_TLS, linked - client, 70 << 10),
            (SMALLEST, smallest(page), 288 << 10))
    errors.extend(f"{row}: {octets:,} octets, over {bar:,}" for row, octets, bar in rows
                  if bar and octets > bar)
    return "| | octets | bar |\n| --- | --: | --: |\n" + "".join(
        f"| {row} | {octets:,} | {f'{bar:,}' if bar else ''} |\n" for row, octets, bar in rows)


# All.

PAGES = ("README.md", "boards/README.md", "boards/mcu/README.md", "boards/posix/README.md")


class Page:
    def __init__(self, path):
        self.path = path
        with open(path) as f:
            self.text = f.read()

    def between(self, mark, maker):
        begin = self.text.index(f"<!-- {maker}{mark} -->\n")
        begin = self.text.index("\n", begin) + 1
        return begin, self.text.index("<!-- end -->\n", begin)

    def get(self, mark, maker="make size: "):
        begin, end = self.between(mark, maker)
        return self.text[begin:end]

    def put(self, mark, made):
        begin, end = self.between(mark, "make size: ")
        self.text = self.text[:begin] + made + self.text[end:]

    def write(self):
        with open(self.path, "w") as f:
            f.write(self.text)


def roots_changed(old, made):
    """By how much, in each column of flash: that is nobody's doing here."""
    return collections.Counter({c: number(made[r, c]) - number(old[r, c])
                                for r, c in made if r == ROOTS and
                                (r, c) in old})


def numbers(text):
    """Of a cell; what is not linked at all is 0."""
    return [int(n.replace(",", "")) for n in NUMBER.findall("0" if text == "-" else text)]


def compare(mark, old_text, made_text):
    old, made = cells(old_text), cells(made_text)
    roots = roots_changed(old, made)
    for row in dict.fromkeys(row for row, _ in old.keys() - made.keys()):
        errors.append(f"{mark}: {row} is written, and not built: make size")
    for key, text in made.items():
        row, column = key
        if row == ROOTS or "resident" in row:
            continue
        was, now = numbers(old.get(key, "")), numbers(text)
        now = [n - (roots[column] if row in (STATIC, TOGETHER) else 0)
               for n in now]
        if len(was) != len(now) or any(abs(a - b) > max(OFF * b, SMALL)
                                       for a, b in zip(was, now)):
            errors.append(f"{mark}: {row}, {column}: {old.get(key)} is"
                          f" written, {text} built: make size")


def main():
    first, boards, mcu, posix = pages = [Page(p) for p in PAGES]
    made = {}
    for page, mark, make in (
            (mcu, "boards", firmwares), (mcu, "rooms", rooms), (mcu, "reports", reports),
            (boards, "daemons", daemons), (posix, "memory", memory),
            (boards, "bars", lambda _: bars(cells(made["boards"]), boards)),
            (first, "front", lambda t: front(t, cells(made["boards"])))):
        made[mark] = make(page.get(mark))
        print(made[mark])
        if sys.argv[1] == "check":
            compare(mark, page.get(mark), made[mark])
        page.put(mark, made[mark])
    # Of what the tables above say, which were compared.
    made["products"] = products(cells(made["boards"]), boards)
    print(made["products"])
    boards.put("products", made["products"])
    if sys.argv[1] == "write":
        for page in pages:
            page.write()
    for e in errors:
        print(f"size: {e}")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
