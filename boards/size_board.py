#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a firmware takes of its microcontroller, by the linker's map:
size_board.py README NAME=FOLDER...

Writes the table between the marks of README. FOLDER has mtasts.map; the most
stack that the tests in QEMU have seen is in STACK below build/boards, left
there by make test-boards.
"""

import os
import re
import subprocess
import sys

STACK = "build/boards/test-lm3s6965evb/stack"
RAM = 0x20000000
STACK_SIZE = 6144  # link.ld
MARKS = ("<!-- make size-board -->\n", "<!-- end -->\n")
PARTS = (("agent", r"libmtasts\.a"), ("BearSSL", r"libbearssl\.a"),
         ("lwIP", r"obj/lwip/"), ("roots", r"obj/anchors\.o"),
         ("libc", r"lib(c|gcc)\.a"), ("board, port", r"."))
PIECE = re.compile(r"^ (\.[\w.*-]+|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)"
                   r" (\S+)$")


def pieces(path):
    """(section, address, octets, file) of everything that was linked."""
    with open(path) as f:
        text = f.read()
    text = text[text.index("Linker script and memory map"):]
    text = re.sub(r"\n (\.[\w.*-]+)\n\s+0x", r"\n \1 0x", text)
    for line in text.split("\n"):
        m = PIECE.match(line)
        if m and m.group(1).startswith((".text", ".rodata", ".vectors",
                                        ".data", ".bss", "COMMON")):
            yield m.group(1), int(m.group(2), 16), int(m.group(3), 16), \
                m.group(4)


def part(section, path):
    """The agent's memory is main.c's: the block, and the two structs."""
    if section in (".bss.block", ".bss.agent", ".bss.driver"):
        return "agent"
    return next(name for name, regex in PARTS if re.search(regex, path))


def totals(folder):
    """Flash, and RAM without the stack, gaps included."""
    text, data, bss = (int(n) for n in subprocess.run(
        ["arm-none-eabi-size", os.path.join(folder, "mtasts.elf")],
        check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split("\n")[1].split()[:3])
    return text + data, data + bss - STACK_SIZE


def measure(folder):
    """part -> [flash, RAM]."""
    out = {name: [0, 0] for name, _ in PARTS}
    for section, address, size, path in pieces(
            os.path.join(folder, "mtasts.map")):
        data = section.startswith(".data")
        if address >= RAM:
            out[part(section, path)][1] += size
        if address < RAM or data:
            out[part(section, path)][0] += size
    return out


def table(firmware):
    sizes = {name: measure(folder) for name, folder in firmware}
    head = [f"{name} {what}" for name, _ in firmware
            for what in ("flash", "RAM")]
    rows = [["", *head], ["---"] + ["--:"] * len(head)]
    for name, _ in PARTS:
        rows.append([name] + [f"{n:,}" for f, _ in firmware
                              for n in sizes[f][name]])
    sums = [totals(folder) for _, folder in firmware]
    rows.append(["static, gaps included"] + [f"{n:,}" for t in sums
                                             for n in t])
    with open(STACK) as f:
        stack = int(f.read())
    rows.append(["worst stack"] + ["", f"{stack:,}"] * len(firmware))
    rows.append(["**together**"] + [
        n for t in sums for n in (f"**{t[0]:,}**", f"**{t[1] + stack:,}**")])
    return "".join("| " + " | ".join(r) + " |\n" for r in rows)


def main():
    readme, firmware = sys.argv[1], [a.split("=", 1) for a in sys.argv[2:]]
    with open(readme) as f:
        text = f.read()
    begin = text.index(MARKS[0]) + len(MARKS[0])
    end = text.index(MARKS[1], begin)
    made = table(firmware)
    print(made, end="")
    with open(readme, "w") as f:
        f.write(text[:begin] + made + text[end:])


main()
