#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""yocto.py BUILD VERSION: reads the layer in boards/yocto with a stand-in for
BitBake: each line is of its grammar, each ${variable} is set by the recipe, by
a class that it inherits or by the list below, checksums of licences are right,
and the tasks, run by sh over the files of BUILD, install what they should."""
import glob
import hashlib
import os
import re
import subprocess
import sys
import tempfile

LAYER = "boards/yocto"
# BitBake's manual, 3.1 to 3.3: assignments, flags, inherit, functions of the shell.
ASSIGN = re.compile(r'([A-Za-z0-9_.${}:-]+)(\[[a-z0-9]+\])?\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*"(.*)"$', re.S)
FUNCTION = re.compile(r"([a-z_]+)\(\) \{$")
# What conf/bitbake.conf and the classes set.
GIVEN = {"prefix": "/usr", "sysconfdir": "/etc", "localstatedir": "/var", "libdir": "/usr/lib",
         "includedir": "/usr/include", "systemd_system_unitdir": "/usr/lib/systemd/system",
         "CC": "cc", "AR": "ar", "CFLAGS": "-O2", "PARALLEL_MAKE": "-j2"}
CLASSES = {"externalsrc", "useradd", "systemd", "update-rc.d"}
COMMON = ["/etc/mtasts.conf", "/usr/bin/mtasts", "/usr/lib/libmtasts.a", "/usr/lib/pkgconfig/libmtasts.pc",
          "/usr/share/doc/mtasts/alerts.yml", "/usr/share/doc/mtasts/grafana.json", "/usr/share/doc/mtasts/mtasts.conf",
          "/usr/share/man/man1/mtasts.1", "/usr/share/man/man5/mtasts.conf.5", "/usr/share/man/man8/mtasts.8"]
SYSTEMD = ["/usr/lib/systemd/system/mtasts.service", "/usr/lib/systemd/system/mtasts.socket",
           "/usr/lib/sysusers.d/mtasts.conf", "/usr/lib/tmpfiles.d/mtasts.conf"]


def fail(*words):
    sys.exit("FAILED: yocto: " + " ".join(str(w) for w in words))


class Utils:
    @staticmethod
    def contains(name, word, yes, no, d):
        return yes if word in (d.getVar(name) or "").split() else no


class Bb:
    utils = Utils


class Recipe:
    def __init__(self, path, **given):
        self.path, self.functions, self.inherited = path, {}, set()
        self.values = {**GIVEN, "THISDIR": os.path.abspath(os.path.dirname(path)), **given}
        with open(path, encoding="ascii") as f:
            self.read(f.read().split("\n"))

    def read(self, lines):
        while lines:
            line = lines.pop(0)
            function = FUNCTION.match(line)
            if function:
                end = lines.index("}")
                self.functions[function[1]], lines[:end + 1] = "\n".join(lines[:end]), []
                continue
            while line.endswith("\\"):
                line = line[:-1] + lines.pop(0)
            if not line or line.startswith("#"):
                continue
            if line.startswith("inherit "):
                self.inherited |= set(line.split()[1:])
                continue
            self.assign(line)

    def assign(self, line):
        m = ASSIGN.match(line)
        if not m or re.search(r"_(append|prepend|remove|\$\{PN\})", m[1]) or re.search(r'(?<!\\)"', m[4]):
            fail(self.path, "cannot be read:", line)
        name, flag, how, value = m.groups()
        if re.search(r"\$\{(?!@)[^}A-Za-z]", value):
            fail(self.path, "no name:", line)
        value = value.replace('\\"', '"')
        if how == ":=":
            value = self.expand(value)
        old = self.values.get(name, "")
        self.values[name + (flag or "")] = {"+=": f"{old} {value}", ".=": old + value}.get(how, value)

    def getVar(self, name):  # as BitBake calls it
        return self.expand(self.values[name]) if name in self.values else None

    def python(self, match):
        return str(eval(match[1], {"d": self, "os": os, "bb": Bb}))  # our own

    def expand(self, text):
        text = re.sub(r"\$\{@((?:[^{}]|\{[^{}]*\})*)\}", self.python, text)

        def variable(m):
            if m[1] not in self.values:
                fail(self.path, "nothing sets", m[1])
            return self.expand(self.values[m[1]])
        return re.sub(r"\$\{([A-Za-z0-9_]+)\}", variable, text)

    def check(self, licence):
        if not self.inherited <= CLASSES:
            fail(self.path, "inherits", self.inherited - CLASSES)
        for name, value in self.values.items():
            if isinstance(value, str):
                self.expand(value)
        if licence and os.path.exists(licence):
            with open(licence, "rb") as f:
                want = "file://%s;md5=%s" % (os.path.basename(licence), hashlib.md5(f.read()).hexdigest())
            if self.getVar("LIC_FILES_CHKSUM") != want:
                fail(self.path, "LIC_FILES_CHKSUM is to be", want)

    def run(self, task, runmake):
        """Runs the task by dash, as BitBake does: it stops at the first
        failure."""
        script = "set -e\noe_runmake() { %s; }\n%s" % (runmake, self.expand(self.functions[task]))
        r = subprocess.run(["dash", "-c", script], check=False, capture_output=True, text=True)
        if r.returncode != 0:
            fail(self.path, task, r.stdout + r.stderr)
        return r.stdout


def installed(root):
    return sorted(os.path.join(at, f)[len(root):] for at, _, files in os.walk(root)
                  for f in files if "/include/" not in at + "/")


def main():
    build, version = os.path.abspath(sys.argv[1]), sys.argv[2]
    Recipe(LAYER + "/conf/layer.conf", LAYERDIR="/layer", BBPATH="", BBFILES="").check(None)
    for features, want in (("systemd ipv6", COMMON + SYSTEMD), ("sysvinit", COMMON + ["/etc/init.d/mtasts"])):
        with tempfile.TemporaryDirectory() as root:
            r = Recipe(LAYER + "/recipes-mail/mtasts/mtasts.bb", PN="mtasts", DISTRO_FEATURES=features,
                       WORKDIR="/work", S=os.getcwd(), B=build, D=root)
            r.check("LICENSE")
            if r.getVar("PV") != version or r.getVar("EXTERNALSRC") != os.getcwd():
                fail("version", r.getVar("PV"), "in", r.getVar("EXTERNALSRC"))
            options = r.getVar("EXTRA_OEMAKE")
            words = r.run("do_compile", 'echo "$*"')
            if words.split() != ["-C", os.getcwd(), "CC=cc", "AR=ar", "all"]:
                fail("do_compile:", words)
            r.run("do_install", 'make -s --no-print-directory -o all %s "$@"' % options)
            have = installed(root)
            if have != sorted(want):
                fail(features, set(have) ^ set(want))
    for path in glob.glob(LAYER + "/recipes-support/bearssl/bearssl_*.bb"):
        with tempfile.TemporaryDirectory() as root:
            r = Recipe(path, PN="bearssl", PV=path[:-3].rsplit("_", 1)[1], D=root)
            r.check("build/source/bearssl/src/LICENSE.txt")
            with open("boards/openwrt/bearssl/Makefile", encoding="ascii") as f:
                if "PKG_HASH:=%s\n" % r.getVar("SRC_URI[sha256sum]") not in f.read():
                    fail(path, "and OpenWrt's pin different sources")
            r.run("do_compile", ":")


main()
