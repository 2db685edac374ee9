#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever a file of the tree refers to is there, what a page of a folder is to
name is named, and no paragraph is on two pages. Prints what breaks this:

- a link of a page, [text](path#heading), to a path or a heading;
- a page that any text names (boards/README.md), from its own folder, from the
  top or from tests;
- a source of the library, of a port or of a board that the page of its folder
  does not name;
- a paragraph that two pages have, as a careless merge leaves it;
- a chapter that is named with its page (core/README.md, "Rooms") or as one of
  the same page ("Trust" below); a section of a manual page that is named in
  capitals (`man 8 mtasts`, CONTROL SOCKET)."""
import fnmatch
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
MANUAL = TOP / "boards/posix/man"
PAGE = r"(?<![\w/.$-])((?:\.\./)*[\w-]+(?:/[\w.-]+)*\.md)\b"
URL = re.compile(r"https?://\S+")
# What strangers wrote; what has examples of such names.
OTHERS = ("tests/fuzz/corpus/", "tests/links.py")
MADE = {"RELEASE_NOTES.md"}  # by a release


def headings(text):
    return re.findall(r"^#+ (.*)$", re.sub(r"(?ms)^```.*?^```", "", text), re.M)


def anchor(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def find(name, folder):
    """The page of this name, as a file in this folder may mean it; or None."""
    return next((p for p in (folder / name, TOP / name, TOP / "tests" / name) if p.exists()), None)


def links(path, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if ":" in target:
            continue
        name, _, at = target.partition("#")
        page = path.parent / name if name else path
        if not page.exists():
            yield f"({target}): no such file"
        elif at and at not in map(anchor, headings(page.read_text())):
            yield f"({target}): no such heading"


def chapters(path, text):
    """text: in one line, as a sentence may go on in the next line."""
    for name, chapter in re.findall(PAGE + r"[,)]?\s+[(\[]?\"([A-Z][^\"$]*)\"", text):
        page = find(name, path.parent)
        if page and chapter not in headings(page.read_text()):
            yield f'{name}, "{chapter}": no such chapter'
    if path.suffix == ".md":
        for chapter in re.findall(r'"([^"]+)" (?:below|above)\b', text):
            if chapter not in headings(path.read_text()):
                yield f'"{chapter}": no such chapter here'
        for number, name, section in re.findall(r"`man (?:(\d) )?(mtasts(?:\.conf)?)`, ([A-Z]{2}[A-Z ]*[A-Z])\b", text):
            page = MANUAL / f"{name}.{number or (5 if '.' in name else 1)}"
            if f"\n.Sh {section}\n" not in page.read_text():
                yield f"{page.name}, {section}: no such section"


def pages(path, text):
    for name in set(re.findall(PAGE, URL.sub("", text))) - MADE:
        if find(name, path.parent) is None:
            yield f"{name}: no such page"


def sources(names):
    """A page names files by `cache_index`, `_index`, cache*.c, cache.[ch]."""
    for folder in sorted({n.parent for n in names if n.suffix in (".c", ".h") and n.parts[0] != "tests"}):
        page = next((p for p in (TOP / folder / "files.md", TOP / folder / "README.md") if p.exists()), None)
        if page is None and folder.parts[0] == "port":
            page = TOP / "port/README.md"
        if page is None:
            continue
        text = page.read_text()
        words = set(re.findall(r"\w{2,}(?:\*(?=\.))?", text))
        for stem in sorted({n.stem for n in names if n.parent == folder and n.suffix in (".c", ".h")}):
            if not (any(fnmatch.fnmatch(stem, w) for w in words) or
                    any(stem.endswith(end) for end in re.findall(r"`(_\w+)`", text))):
                yield f"{page.relative_to(TOP)}: {stem} is not named"


def twice(names):
    where = {}
    for name in (n for n in names if n.suffix == ".md" and (TOP / n).exists()):
        for part in (TOP / name).read_text().split("\n\n"):
            part = " ".join(part.split())
            if len(part) > 150 and where.setdefault(part, name) != name:
                yield f"{where[part]} and {name} both have: {part[:60]}..."


def main():
    names = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True).stdout.split()
    wrong, read = [], 0
    for path in (TOP / n for n in names if not n.startswith(OTHERS)):
        try:
            text = path.read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        joined = re.sub(r"\n[ \t]*(?:\*|#|//|\.\\\")?[ \t]*", " ", text)
        found = [*pages(path, text), *chapters(path, joined)]
        if path.suffix == ".md":
            found += links(path, text)
            read += 1
        wrong += [f"{path.relative_to(TOP)}: {w}" for w in found]
    paths = [pathlib.PurePath(n) for n in names]
    wrong += [*sources(paths), *twice(paths)]
    print("\n".join(wrong) if wrong else f"{read} pages")
    return 1 if wrong else 0


sys.exit(main())
