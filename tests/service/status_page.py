#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""status_page.py MTASTS OUT [VALIDATOR]: the page of mtasts status --html in a
browser (headless Chromium, driven by WebDriver), of a daemon that has
everything to show: no error for tidy and VALIDATOR (html-validate), nothing
wider than a phone or a desk, text that is readable in light and dark and on
paper, no request and no message of the browser. Prints how long rendering
takes. Leaves pictures and a PDF for people in OUT."""
import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import agent

LONG = "-".join(["a-very-long-label"] * 3) + "." + ".".join(["mail"] * 30) + ".example"
NOW = 1796000000
WIDTHS = {"phone": 360, "tablet": 768, "desk": 1280}
LOADS = 10
CONTRAST = 4.5  # WCAG 2.1, 1.4.3


def domain(name, mode):
    return {"domain": name, "mode": mode, "fetched": NOW - 400000, "expires": NOW + 7200, "failures": 7,
            "reason": "x509-expired", "reason_text": "the certificate has expired"}


def everything(healthy):
    """The longest answer of a daemon."""
    hours = [{"questions": i * 137 % 5000, "enforced": i * 61 % 900, "temp": i % 5, "lookups": i * 7,
              "fetches_failed": i % 3, "longest_wait_ms": i * 331 % 12000} for i in range(24)]
    servers = [{"address": "[2001:db8:ffff:ffff:ffff:ffff:ffff:%x]:53" % i, "trusted": i < 2, "answers": healthy,
                "heard": i % 2 == 0, "edns": i != 1, "tcp": i != 2} for i in range(4)]
    return {
        "version": "0.0.0", "healthy": healthy, "problems": [] if healthy else ["clock", "journal", "name-servers"],
        "up": 987654, "now": NOW, "clock": "confirmed", "enforced": healthy, "until": NOW + 3600,
        "journal": {"state": "ok" if healthy else "full", "unsaved": 3, "saved": 4294967295, "lost": 9, "compactions": 2},
        "name_servers": servers,
        "dane": {"on": True, "resolver": "validates" if healthy else "blind", "busy": 3, "busy_max": 16},
        "reports": {"on": True, "domains_today": 900, "waiting": 70, "sessions": 123456789, "lost": 5, "sent": 60, "again": 4,
                    "dropped": 1},
        "share": {"on": True, "up": healthy, "sent": 1000, "taken": 2000, "refused": 3, "lost": 0, "silent": 0},
        "memory": {"bytes": 4194304, "policies": 2902208, "policies_room": 2900000, "policies_free": 1000000, "clients": 770048,
                   "lookups": 266752, "fetches": 580000, "port": 22656, "trust_anchors": 139648, "reports": 400000},
        "policies": {"records": 17000, "enforce": 4000, "guests": 3, "testing": 900, "none": 20, "expired": 7, "other": 12070},
        "failing": [domain(LONG, "enforce"), domain("short.example", "testing")],
        "expires": [domain(n, "enforce") for n in (LONG, "b.example", "c.example", "d.example")],
        "since_start": {"counted": True, "questions": 4294967295, "enforced": 4000000, "temp": 70, "lookups": 99999,
                        "fetches_failed": 12, "longest_wait_ms": 60000},
        "busy": {"clients": 900, "clients_max": 1024, "lookups": 200, "lookups_max": 256, "fetches": 16, "fetches_max": 16,
                 "waiting": 44},
        "hours": hours}


def answer(listener, what):
    """Plays the daemon at the control socket, once."""
    client, _ = listener.accept()
    with client:
        client.recv(4096)
        client.sendall((json.dumps(what) + '\n{"end":%d}\n' % (not what["healthy"])).encode())


def make_page(binary, folder, name, what):
    path, page = os.path.join(folder, "control"), os.path.join(folder, name + ".html")
    if os.path.exists(path):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        thread = threading.Thread(target=answer, args=(listener, what))
        thread.start()
        r = subprocess.run([binary, "status", "-o", "control unix:" + path, "--html", page], check=False,
                           capture_output=True, text=True, timeout=agent.PATIENCE)
        thread.join()
    agent.check(r.returncode == (not what["healthy"]), r.stderr)
    r = subprocess.run(["tidy", "-q", "-e", page], check=False, capture_output=True, text=True)
    agent.check(r.returncode == 0, "tidy: " + r.stderr)
    return page


def validate(validator, pages, out):
    """A broken page shows whether the validator works."""
    def run(path):
        return subprocess.run([validator, path], check=False, capture_output=True, text=True, timeout=agent.PATIENCE)
    for page in pages:
        r = run(page)
        agent.check(r.returncode == 0, r.stdout + r.stderr)
        with open(page, encoding="ascii") as f:
            text = f.read()
        broken = os.path.join(out, "broken.html")
        with open(broken, "w", encoding="ascii") as f:
            f.write(text.replace("</figure>", "", 1))
        agent.check(run(broken).returncode == 1, "the validator sees no error where there is one")
        os.unlink(broken)


class Browser:
    """A browser behind chromedriver: one session of WebDriver."""

    def __init__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.driver = subprocess.Popen(["chromedriver", "--port=%d" % self.port], stdout=subprocess.DEVNULL)
        self.session = ""
        for _ in range(100):
            try:
                self.call("GET", "/status")
                break
            except OSError:
                time.sleep(0.1)
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]
        value = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"}, "goog:chromeOptions": {"args": args}}}})
        self.session = "/session/" + value["sessionId"]

    def call(self, method, path, body=None):
        request = urllib.request.Request("http://127.0.0.1:%d%s%s" % (self.port, self.session, path), method=method,
                                         data=None if method == "GET" else json.dumps(body or {}).encode())
        with urllib.request.urlopen(request, timeout=60) as f:
            return json.load(f)["value"]

    def script(self, text):
        return self.call("POST", "/execute/sync", {"script": text, "args": []})

    def cdp(self, command, **params):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def end(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


# Whatever is wider than the window, except what scrolls inside its own box.
WIDER = """
const w = document.documentElement.clientWidth, out = [];
if (document.documentElement.scrollWidth > w) out.push('the page: ' + document.documentElement.scrollWidth);
for (const e of document.querySelectorAll('body *')) {
  if (e.closest('.wide')) continue;
  const r = e.getBoundingClientRect();
  if (r.right > w + 0.5 || r.left < -0.5) out.push(e.tagName + ' ' + e.textContent.slice(0, 40));
}
return out;"""

# Texts whose colour is too close to their background's.
DIM = """
const rgb = c => c.match(/[\\d.]+/g).map(Number);
const light = c => { const [r, g, b] = rgb(c).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const back = light(getComputedStyle(document.body).backgroundColor), out = [];
for (const e of document.querySelectorAll('h1, h1 span, h2, p, li, figcaption, summary, th, td, time')) {
  const f = light(getComputedStyle(e).color), c = (Math.max(f, back) + 0.05) / (Math.min(f, back) + 0.05);
  if (c < %f) out.push(e.tagName + ' ' + c);
}
return [getComputedStyle(document.body).backgroundColor, out];"""

# Cells of the table that a line break tears apart.
TORN = """
const out = [];
for (const e of document.querySelectorAll('td')) if (e.getClientRects()[0].height > 40) out.push(e.textContent);
return out;"""

def look(b, page, name, out):
    b.call("POST", "/url", {"url": "file://" + page})
    b.script("for (const d of document.querySelectorAll('details')) d.open = true")
    backs = set()
    for width_name, width in WIDTHS.items():
        b.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        for scheme in ("light", "dark"):
            b.cdp("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
            where = "%s, %s, %s: " % (name, width_name, scheme)
            wider = b.script(WIDER)
            agent.check(not wider, where + "wider than %d: %s" % (width, wider))
            back, dim = b.script(DIM % CONTRAST)
            agent.check(not dim, where + "dim: %s" % dim)
            backs.add(back)
            torn = b.script(TORN)
            agent.check(not torn, where + "torn: %s" % torn)
            picture = b.cdp("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            with open(os.path.join(out, "%s-%s-%s.png" % (name, width_name, scheme)), "wb") as f:
                f.write(base64.b64decode(picture))
    agent.check(len(backs) == 2, "light and dark are the same: %s" % backs)
    b.cdp("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    back, dim = b.script(DIM % CONTRAST)
    agent.check(back == "rgb(255, 255, 255)" and not dim, "print: %s %s" % (back, dim))
    agent.check(not b.script(WIDER), "print: too wide")
    b.cdp("Emulation.setEmulatedMedia", media="", features=[])
    with open(os.path.join(out, name + ".pdf"), "wb") as f:
        f.write(base64.b64decode(b.call("POST", "/print", {})))
    messages = [m for m in b.call("POST", "/se/log", {"type": "browser"}) if "favicon" not in m["message"]]
    agent.check(not messages, "the browser reports: %s" % messages)
    loaded = b.script("return performance.getEntriesByType('resource').map(e => e.name)")
    agent.check(not loaded, "it loads %s" % loaded)


def ancestors(pid):
    while pid > 1:
        yield pid
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
                pid = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            return


def main_threads(driver):
    """How long the first thread of each renderer has run, in ms: what it takes
    to show a page, whatever else this machine does."""
    out = {}
    for pid in (int(p) for p in os.listdir("/proc") if p.isdigit()):
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                renderer = b"--type=renderer" in f.read()
            if renderer and driver in ancestors(pid):
                with open("/proc/%d/task/%d/schedstat" % (pid, pid), encoding="ascii") as f:
                    out[pid] = int(f.read().split()[0]) / 1e6
        except OSError:
            pass
    return out


def render_ms(b, page):
    """Milliseconds of a load, reading to painting: the average of some after
    the first."""
    url = {"url": "file://" + page}
    b.call("POST", "/url", url)
    before = main_threads(b.driver.pid)
    for _ in range(LOADS):
        b.call("POST", "/url", url)
        b.script("return document.body.getBoundingClientRect().height")
    after = main_threads(b.driver.pid)
    spent = max(after[p] - before.get(p, 0) for p in after)
    agent.check(spent > 0, "no renderer was seen at work")
    return spent / LOADS


def main():
    binary, out = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    os.makedirs(out, exist_ok=True)
    pages = {name: make_page(binary, out, name, everything(name == "healthy")) for name in ("healthy", "trouble")}
    if len(sys.argv) > 3 and os.path.exists(sys.argv[3]):
        validate(os.path.abspath(sys.argv[3]), pages.values(), out)
    else:
        print("status page: read by tidy alone, since html-validate is not there", file=sys.stderr)
    b = Browser()
    try:
        for name, page in pages.items():
            look(b, page, name, out)
        spent = render_ms(b, pages["healthy"])
    finally:
        b.end()
    print("status page: fits %s in light and dark and on paper; rendered in %.1f ms of a processor" % (", ".join(WIDTHS), spent))


main()
