#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples in headers as a C file, to be compiled: headers.py OUT.c

An example is the indented code in a comment after a line that begins with
"Example" and ends with a colon; the text between "with" and the colon declares
what the code needs (tests/README.md, "An example in a header"):

     * Example, with const uint8_t *bytes, size_t n:
     *
     *	struct sts_http h;
     *	...

Each becomes the body of a function in a file that includes its header; lines
with #include stand before the function.
"""
import pathlib
import re
import subprocess
import sys

HEAD = re.compile(r"^ \* Example(?:, with (.*))?:$")


def examples(lines):
    """(number of the first line of code, the declarations, the code)"""
    at = 0
    while at < len(lines):
        head, begun = lines[at], at
        if not head.startswith(" * Example"):
            at += 1
            continue
        while not head.endswith(":") and at + 1 < len(lines) and at < begun + 8:
            at += 1
            head += " " + lines[at].removeprefix(" * ").strip()
        match = HEAD.match(head)
        if not match:
            sys.exit(f"line {begun + 1}: an example without a colon")
        at += 1
        while at < len(lines) and lines[at] == " *":
            at += 1
        first, code = at, []
        while at < len(lines) and (lines[at].startswith(" *\t") or lines[at] == " *"):
            code.append(lines[at][2:])
            at += 1
        if not "".join(code).strip():
            sys.exit(f"line {first + 1}: an example without code")
        yield first + 1, match.group(1) or "void", code


def main():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "core/*.h", "dns/*.h", "tls/*.h", "port/*.h",
                            "boards/*.h"], capture_output=True, text=True, check=True).stdout.split()
    out, count = [], 0
    for name in names:
        found = list(examples(pathlib.Path(name).read_text().splitlines()))
        if found:
            out.append(f'#include "{name}"')
        for line, given, code in found:
            count += 1
            out += [c.strip() for c in code if c.startswith("\t#include")]
            out += [f"void header_example_{count}({given});", f"void header_example_{count}({given})", "{",
                    f'#line {line} "{name}"']
            out += ["" if c.startswith("\t#include") else c for c in code]
            out += ["}", '#line 1 "headers.c"']
    pathlib.Path(sys.argv[1]).write_text("\n".join(out) + "\n")
    print(f"{count} examples in headers")


try:
    main()
except SystemExit as e:
    if e.code:
        print(f"headers.py: {e.code}", file=sys.stderr)
    sys.exit(1 if e.code else 0)
