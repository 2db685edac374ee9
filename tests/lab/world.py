# SPDX-License-Identifier: MIT
"""The world of the lab: names, web servers and certificates of its domains.

unbound answers for .test, nginx serves policies, and a small TLS server
(rawtls.py) does what nginx cannot. Certificates are made anew.
"""

import json
import os
import sys

from base import HERE, listening, run, wait_for, write
from certs import Certificates

NGINX = "192.0.2.10"
NGINX6 = "2001:db8::10"
REFUSED = "192.0.2.30"
SILENT = "192.0.2.31"
SILENT6 = "2001:db8::31"
RAW_FIRST = 101  # 192.0.2.101...: an address for each row
ROOTS = "/etc/ssl/certs/ca-certificates.crt"


def policy(row):
    d = row.domain
    kind = row.get("policy", "enforce")
    mode = {"testing": "testing", "none": "none"}.get(kind, "enforce")
    mx = {"two-mx": [f"mx1.{d}", f"mx2.{d}"],
          "wildcard": [f"*.{d}", f"mx.{d}"],
          "many": [f"mx{i}.{d}" for i in range(500)],
          "bad-mx": ["mx_1." + d], "no-mx": []}.get(kind, [f"mx.{d}"])
    lines = ["version: STSv1", f"mode: {mode}"] + [f"mx: {m}" for m in mx]
    lines.append("max_age: " + ("0" if kind == "zero" else "86400"))
    text = ("\n" if kind == "lf" else "\r\n").join(lines) + "\r\n"
    size = {"full": 65536, "over": 65537}.get(kind)
    if size:
        text += "pad: " + "x" * (size - len(text) - 7) + "\r\n"
    return text


def mx_hosts(row):
    """[(name, kind)] of the row's mail servers; mx is mx.DOMAIN, @ the
    domain."""
    return [(name[:-1] if name.endswith(".") else row.domain if name == "@"
             else f"{name}.{row.domain}", kind) for name, kind in row.mx]


def dns_lines(row, address):
    """local-data and zones of one domain for unbound."""
    d, txt = row.domain, row.get("txt", "ok")
    name, host = f"_mta-sts.{d}.", f"mta-sts.{d}."
    good = '\'%s 60 IN TXT "v=STSv1; id=%s;"\''
    data, other = [], []
    if txt == "ok":
        data.append(good % (name, "1"))
    elif txt == "two":
        data += [good % (name, "1"), good % (name, "2")]
    elif txt == "invalid":
        data.append(good % (name, "no_underscores"))
    elif txt == "nodata":
        data.append(f'"{name} 60 IN A 192.0.2.1"')
    elif txt == "big":
        data.append(good % (name, "1"))
        data += [f"'{name} 60 IN TXT \"{i}{'x' * 200}\"'" for i in range(12)]
    elif txt == "refused":
        other.append(f"local-zone: {name} always_refuse")
    elif txt == "servfail":
        other.append(f"local-zone: {name} transparent")
    elif txt != "none":
        data.append(f"'{name} 60 IN TXT \"{txt}\"'")
    if row.get("report", ""):
        data.append(f"'_smtp._tls.{d}. 60 IN TXT \"v=TLSRPTv1; "
                    f"rua={row.get('report', '')}\"'")
    if row.get("host", "nginx") == "dead6":
        data.append(f'"{host} 60 IN AAAA {SILENT6}"')
    if address:
        data.append(f'"{host} 60 IN A {address}"')
    return [f"local-data: {x}" for x in data] + other


def mail_lines(row, addresses):
    data = []
    for i, (name, _) in enumerate(mx_hosts(row)):
        data += [f'local-data: "{row.domain}. 60 IN MX {10 + i} {name}."',
                 f'local-data: "{name}. 60 IN A {addresses[name]}"']
    return data


def unbound_conf(world):
    folder = world.lab.folder
    lines = ["server:", "interface: 127.0.0.1", 'chroot: ""', 'username: ""',
             f'pidfile: "{folder}/unbound.pid"', f'directory: "{folder}"',
             "do-daemonize: no", "use-syslog: no", "do-ip6: no",
             'module-config: "iterator"', "do-not-query-localhost: no",
             "access-control: 127.0.0.0/8 allow", "local-zone: test. static",
             'local-data: "test. 60 IN SOA ns.test. root.test. 1 2 3 4 60"']
    forward = []
    for row in world.rows:
        lines += dns_lines(row, world.address(row))
        lines += mail_lines(row, world.mx)
        if row.get("txt", "ok") == "servfail":
            forward += ["forward-zone:", f"name: _mta-sts.{row.domain}.",
                        "forward-addr: 127.0.0.1@5353"]
    return "\n".join(lines + forward + ["remote-control:",
                                        "control-enable: no", ""])


def nginx_conf(world):
    blocks, folder = [], world.lab.folder
    for row in world.rows:
        if row.get("host", "nginx") not in ("nginx", "dead6"):
            continue
        pem, key = world.certificates.of(f"mta-sts.{row.domain}",
                                         row.get("cert", "good"))
        site = f"{folder}/sites/{row.domain}"
        os.makedirs(f"{site}/.well-known")
        with open(f"{site}/.well-known/mta-sts.txt", "w", newline="") as f:
            f.write(policy(row))
        say = {"redirect": "return 301 https://mta-sts.good.test$request_uri;",
               "missing": "return 404;",
               "html": "default_type text/html; types { }",
               "chunked": "ssi on; ssi_types text/plain;",
               "": ""}[row.get("say", "")]
        blocks.append(f"""
	server {{
		listen {NGINX}:443 ssl;
		listen [{NGINX6}]:443 ssl;
		server_name mta-sts.{row.domain};
		ssl_certificate {pem};
		ssl_certificate_key {key};
		root {site};
		location / {{ {say} }}
	}}""")
    return f"""daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
	access_log off;
	default_type text/plain;
	types {{ text/plain txt; }}
	server_names_hash_bucket_size 128;
	client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
	fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
	scgi_temp_path {folder}/t5;
	server {{ listen {NGINX}:443 ssl default_server;
		listen [{NGINX6}]:443 ssl default_server;
		ssl_reject_handshake on; }}
{"".join(blocks)}
}}
"""


class World:
    """DNS, web servers and (if rows have any) mail servers of these rows."""

    def __init__(self, lab, rows):
        self.lab, self.rows = lab, rows
        self.certificates = Certificates(lab.folder)
        raw = [r.domain for r in rows if r.get("host", "nginx") == "raw"]
        self.raw = {d: f"192.0.2.{RAW_FIRST + i}" for i, d in enumerate(raw)}
        names = sorted({name for r in rows for name, _ in mx_hosts(r)})
        self.mx = {name: f"198.18.{1 + i // 250}.{1 + i % 250}"
                   for i, name in enumerate(names)}
        self.unbound = self.nginx = None

    def network(self):
        run("ip", "link", "set", "lo", "up")
        for a in [NGINX, REFUSED, SILENT] + list(self.raw.values()):
            run("ip", "addr", "add", f"{a}/32", "dev", "lo")
        run("ip", "addr", "add", "198.18.0.1/16", "dev", "lo")
        for a in [NGINX6, SILENT6]:
            run("ip", "-6", "addr", "add", f"{a}/128", "dev", "lo", "nodad")
        # Programs that use the system's resolver or the system's roots get the
        # lab's. The mount namespace is the lab's own.
        write(self.lab.path("resolv.conf"), "nameserver 127.0.0.1\n")
        for name, place in [("resolv.conf", "/etc/resolv.conf"),
                            ("root.pem", ROOTS)]:
            run("mount", "--bind", self.lab.path(name),
                os.path.realpath(place))

    def address(self, row):
        """The address of the policy host."""
        places = {"nginx": NGINX, "dead6": NGINX, "refused": REFUSED,
                  "silent": SILENT, "loopback": "127.0.0.1", "none": None}
        return self.raw.get(row.domain, places.get(row.get("host", "nginx")))

    def start_raw(self):
        listing, entries = self.lab.path("raw.json"), []
        for r in self.rows:
            if r.domain in self.raw:
                pem, key = self.certificates.of(f"mta-sts.{r.domain}",
                                                r.get("cert", "good"))
                entries.append({
                    "address": self.raw[r.domain], "kind": r.get("raw", ""),
                    "pem": pem, "key": key, "policy": policy(r)})
        write(listing, json.dumps({"raw": entries,
                                   "silent": [SILENT, SILENT6]}))
        self.lab.start(sys.executable, "-B", f"{HERE}/rawtls.py", listing,
                       log="raw.log")
        return listing + ".up"

    def start(self):
        lab = self.lab
        self.network()
        write(lab.path("unbound.conf"), unbound_conf(self))
        write(lab.path("nginx.conf"), nginx_conf(self))
        raw_up = self.start_raw()
        self.unbound = lab.start("unbound", "-c", lab.path("unbound.conf"),
                                 log="unbound.log")
        self.nginx = lab.start("nginx", "-c", lab.path("nginx.conf"),
                               log="nginx.out")
        wait_for("unbound", lambda: listening(53))
        wait_for("nginx", lambda: listening(443, NGINX))
        wait_for("the raw server", lambda: os.path.exists(raw_up))
