# SPDX-License-Identifier: MIT
"""status.py MTASTS: mtasts status of a running daemon: words, JSON, exit
codes, the page under a strict parser and tidy, redrawn on a terminal; and what
mtasts completion writes, read by each installed shell."""
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys

import agent
from screen import Screen

VOID = {"meta", "rect", "link", "br"}
# Which element may stand directly in which: enough to find a list without
# items.
PARENTS = {"li": {"ul"}, "td": {"tr"}, "tr": {"thead", "tbody"},
           "rect": {"svg"}, "figcaption": {"figure"}, "summary": {"details"},
           "h2": {"section"}, "main": {"body"}, "title": {"head"}}


class Strict(html.parser.HTMLParser):
    """Every element is closed in order, and stands where it may; nothing runs,
    nothing is loaded."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.seen = {}
        self.words = []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        agent.check(len(names) == len(set(names)), "twice in %s" % tag)
        for name, value in attrs:
            agent.check(not name.startswith("on"), "%s %s" % (tag, name))
            agent.check(name not in ("src", "href"), "%s %s" % (tag, name))
            agent.check(value is not None, "%s %s" % (tag, name))
        agent.check(tag not in ("script", "iframe", "img", "form"), tag)
        if tag in PARENTS:
            agent.check(self.open[-1] in PARENTS[tag],
                        "%s in %s" % (tag, self.open[-1]))
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        agent.check("svg" in self.open, "<%s/>" % tag)
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag):
        agent.check(self.open and self.open[-1] == tag, "</%s>" % tag)
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)


def read_page(path):
    with open(path, encoding="ascii") as f:
        page = f.read()
    agent.check(page.startswith("<!DOCTYPE html>\n<html lang="), page[:40])
    p = Strict()
    p.feed(page)
    p.close()
    agent.check(not p.open, "not closed: %s" % p.open)
    for tag in ("title", "h1", "main", "table"):
        agent.check(p.seen.get(tag) == 1, tag)
    agent.check(p.seen["svg"] == p.seen["figure"] == 6, "charts")
    agent.check(p.seen["section"] == p.seen["h2"], "headings")
    for text in ("prefers-color-scheme:dark", "@media print", "viewport"):
        agent.check(text in page, text)
    if shutil.which("tidy"):
        r = subprocess.run(["tidy", "-q", "-e", path], check=False,
                           capture_output=True, text=True)
        agent.check(r.returncode == 0, r.stderr)
    else:
        print("no tidy: the page was read by Python alone", file=sys.stderr)
    return page


def status(binary, where, *words):
    return subprocess.run([binary, "status", "-o", where, *words],
                          check=False, capture_output=True, text=True,
                          timeout=agent.PATIENCE)


def words_of(text):
    """The words, without the numbers that change from moment to moment."""
    return re.sub(r"\d+", "0", text).split()


def screens(binary, where):
    """No row is wider than the terminal, no word is lost, and an idle daemon
    fits a screen of 24 rows and the prompt. Without a terminal lines stay
    whole."""
    argv = [binary, "status", "-o", where]
    whole = status(binary, where).stdout
    agent.check(max(map(len, whole.splitlines())) > 80, "lines are broken")
    for columns in (200, 80, 40, 30, 1):
        s = Screen(argv, columns, 24)
        agent.check(s.end() == 0, s.text)
        rows = s.text.splitlines()
        agent.check(max(map(len, rows)) <= max(columns, 16),
                    "%d columns: %s" % (columns, s.text))
        agent.check(columns < 30 or words_of(s.text) == words_of(whole),
                    "%d columns: %s" % (columns, s.text))
        agent.check(columns < 80 or len(rows) < 24, "%d rows" % len(rows))


def watch(binary, where):
    """On a terminal the status is redrawn, cut off where it is too long;
    elsewhere --watch is refused."""
    r = status(binary, where, "--watch")
    agent.check(r.returncode == 64 and "terminal" in r.stderr, r.stderr)
    argv = [binary, "status", "--watch", "-o", where]
    s = Screen(argv, 80, 24, kind="dumb")
    agent.check(s.end() == 64 and "\x1b" not in s.text, s.text)
    for columns, rows in (80, 60), (40, 20), (1, 1):
        s = Screen(argv, columns, rows)
        while s.text.count("\x1b[H\x1b[J") < 2:
            s.more()
        s.kill()
        first = s.text.split("\x1b[H\x1b[J")[1]
        agent.check(first.startswith("Status"), first)
        agent.check(first.count("\n") < max(rows, 16), first)
        agent.check(rows < 60 or "Busy" in first, first)


def completion(binary, folder):
    tables = {}
    for shell in ("bash", "zsh", "fish"):
        path = os.path.join(folder, "complete." + shell)
        with open(path, "w") as f:
            subprocess.run([binary, "completion", shell], check=True, stdout=f)
        with open(path) as f:
            tables[shell] = f.read()
        if not shutil.which(shell):
            print("no %s: its completion was not read" % shell,
                  file=sys.stderr)
            continue
        r = subprocess.run([shell, "-n", path], check=False,
                           capture_output=True, text=True)
        agent.check(r.returncode == 0, "%s: %s" % (shell, r.stderr))
    usage = subprocess.run([binary, "--help"], check=True, text=True,
                           capture_output=True).stdout
    commands = re.findall(r"^  ([a-z]+)  +\S", usage, re.M)
    agent.check(len(commands) == 12, str(commands))
    for command in commands:
        for shell, text in tables.items():
            agent.check(re.search(r"\b%s\b" % command, text),
                        "%s: %s" % (shell, command))
    bash(os.path.join(folder, "complete.bash"))
    if shutil.which("zsh"):
        zsh(os.path.join(folder, "complete.zsh"), folder)
    if shutil.which("fish"):
        fish(os.path.join(folder, "complete.fish"), folder)


# What is typed, and what it may become.
TYPED = ((["mtasts", "sta"], "status"),
         (["mtasts", "cache", "f"], "flush forget"),
         (["mtasts", "status", "--q"], "--quiet"),
         (["mtasts", "serve", "-o", ""], ""),
         (["mtasts", "completion", "z"], "zsh"),
         (["mtasts", "nothing", ""], ""))


def bash(path):
    script = 'source "$1"; shift; COMP_WORDS=("$@"); ' \
        'COMP_CWORD=$(($# - 1)); _mtasts; echo "${COMPREPLY[@]}"'
    for words, want in TYPED:
        got = subprocess.run(["bash", "-c", script, "bash", path, *words],
                             check=True, capture_output=True, text=True)
        agent.check(sorted(got.stdout.split()) == want.split()
                    and not got.stderr,
                    "bash: %s: %s%s" % (words, got.stdout, got.stderr))


# On ^T the completion of the line writes its offers to the file, and the line
# is emptied. Calls of compadd with -O, -A or -D only sort, and offer nothing.
ZSH = """
fpath=({0} $fpath)
autoload -Uz compinit && compinit -D -u
compadd() {{
	local -a hits
	if [[ " ${{@[1,(i)(-|--)]}} " != *\\ -[OAD]\\ * ]]; then
		builtin compadd -A hits "$@"
		offered+=("${{hits[@]}}")
	fi
	builtin compadd "$@"
}}
tell() {{
	offered=()
	zle grab
	BUFFER=
	print -r -- "$offered" >>{0}/offered
}}
zle -C grab list-choices _main_complete
zle -N tell
bindkey '^T' tell
echo ready >>{0}/offered
"""


def zsh(path, folder):
    home = os.path.join(folder, "zsh")
    offered = os.path.join(home, "offered")
    os.mkdir(home)
    shutil.copy(path, os.path.join(home, "_mtasts"))
    with open(os.path.join(home, "drive"), "w") as f:
        f.write(ZSH.format(home))
    s = Screen(["zsh", "-f", "-i"], 80, 24)

    def line(number):
        def there():
            if not os.path.exists(offered):
                return None
            with open(offered) as f:
                lines = f.read().split("\n")
            return lines[number:number + 1] if len(lines) > number + 1 else None
        return agent.until(there, "zsh shows nothing")[0]
    os.write(s.fd, ("source %s/drive\n" % home).encode())
    agent.check(line(0) == "ready", "zsh")
    for i, (words, want) in enumerate(TYPED):
        os.write(s.fd, (" ".join(words) + "\x14").encode())
        got = sorted(line(i + 1).split())
        agent.check(got == want.split(), "zsh: %s: %s" % (words, got))
    os.write(s.fd, b"exit\n")
    s.end()


def fish(path, folder):
    for words, want in TYPED:
        got = subprocess.run(
            ["fish", "--no-config", "-c",
             "source $argv[1]; complete -C $argv[2]", path, " ".join(words)],
            check=True, capture_output=True, text=True,
            env=dict(os.environ, HOME=folder, XDG_RUNTIME_DIR=folder))
        offered = [line.split("\t")[0] for line in got.stdout.splitlines()]
        agent.check(sorted(offered) == want.split(),
                    "fish: %s: %s%s" % (words, got.stdout, got.stderr))


def main():
    binary = os.path.abspath(sys.argv[1])
    with agent.Folder() as folder:
        where = "control unix:%s/control" % folder
        page = os.path.join(folder, "status.html")
        daemon = agent.Agent([binary], [
            where, "journal %s/journal" % folder, agent.NameServer().line,
            "listen inet:127.0.0.1:0"]).ready()
        r = status(binary, where)
        agent.check(r.returncode == 0 and "is healthy" in r.stdout, r.stdout)
        agent.check(len(r.stdout.splitlines()) <= 24, r.stdout)
        r = status(binary, where, "--json")
        agent.check(json.loads(r.stdout)["healthy"] is True, r.stdout)
        agent.check(status(binary, where, "--quiet").stdout == "", "quiet")
        for _ in range(2):
            r = status(binary, where, "--html", page)
            agent.check(r.returncode == 0 and r.stdout == "", r.stderr)
        read_page(page)
        agent.check(set(os.listdir(folder)) <=
                    {"control", "journal", "status.html"},
                    "left over: %s" % os.listdir(folder))
        r = status(binary, where, "--html", folder + "/not/there")
        agent.check(r.returncode == 70 and "not/there" in r.stderr, r.stderr)
        screens(binary, where)
        watch(binary, where)
        s = Screen([binary, "status", "--watch", "-o", where], 80, 24)
        while "Busy" not in s.text:
            s.more()
        daemon.stop()
        while "cannot ask the daemon" not in s.text:
            s.more()
        s.kill()
        before = read_page(page)
        r = status(binary, where, "--html", page)
        agent.check(r.returncode == 70 and read_page(page) == before,
                    "without a daemon the page stays as it was")
        completion(binary, folder)


main()
