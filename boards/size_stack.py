# SPDX-License-Identifier: MIT
"""The most stack that a firmware can use, by what its compiler says of each
function (-fcallgraph-info=su) and by which function calls which.

Our own files are compiled at the link, in one: its .ci lies beside the firmware,
those of BearSSL beside each object. A function may be in another one then, and
the calls through pointers with it, so these go by the line where they are written.

A call through a pointer goes to whatever CALLS says. A call that is in no row,
and any recursion, is an error, so the answer is an upper bound: as if at every
call the deepest way were taken, whether or not it can be.
"""

import collections
import os
import re
import subprocess

# Where pointers lead: a caller, what it may call. Both are OBJECT:FUNCTION.
HASH = r":br_sha(224|256|384|512)_(init|update|out|state|set_state)$"
ENGINES = r"core/[\w/]+:(sts_)?(agent|question|fetch|conn|lookup|leg|client|hosts)_"
CALLS = [(re.compile(a), re.compile(b)) for a, b in (
    # BearSSL's classes: hashes, cipher modes, curves, records, X.509.
    (r"/(hmac|hmac_ct|multihash|prf|hmac_drbg):|/x509_(fields|cert|class):",
     HASH),
    (r":br_ssl_engine_compute_master$|/ssl_engine:compute_key_block$",
     r":br_tls12_sha(256|384)_prf$"),
    (r":br_ssl_engine_init_rand$", r":br_hmac_drbg_(init|generate|update)$"),
    (r":br_ssl_engine_hs_reset$", r":br_ssl_hs_client_init_main$"),
    (r"/ssl_engine:jump_handshake$", r":br_ssl_hs_client_run$"),
    (r":br_ssl_engine_switch_(gcm|chapol)_(in|out)$",
     r"/ssl_rec_(gcm|chapol):(in|out)_\w+_init$"),
    (r":br_ssl_engine_switch_(cbc|ccm)_(in|out)$", r"^$"),  # not offered
    (r"/ssl_engine:(br_ssl_engine_recvrec_ack|make_ready_out|sendpld_flush)$",
     r"/(ssl_rec_gcm|ssl_rec_chapol|ssl_engine):"
     r"(gcm|chapol|clear)_(check|decrypt|max|encrypt)\w*$"),
    (r"/ssl_rec_gcm:", r":br_aes_ct_ctr_(init|run)$|:br_ghash_ctmul$"),
    (r"/ssl_rec_chapol:", r":br_(chacha20_ct|poly1305_ctmul)_run$"),
    (r":br_poly1305_ctmul_run$", r":br_chacha20_ct_run$"),
    (r":br_ssl_hs_client_run$|/ssl_hs_client:",
     r"/x509_class:|/ec_all_m31:api_|:br_rsa_i31_(public|pkcs1_vrfy)$|"
     r":br_ecdsa_i31_vrfy_asn1$|:br_tls12_sha(256|384)_prf$|"
     r":br_hmac_drbg_generate$|" + HASH),
    (r"/ec_all_m31:", r"/ec_(p256|c25519|prime)_[mi]31:api_"),
    (r"/ecdsa_i31_vrfy_(raw|asn1):", r"/ec_all_m31:api_"),
    (r"/x509_verify:", r":br_rsa_i31_pkcs1_vrfy$|:br_ecdsa_i31_vrfy_raw$|"
     r":br_ecdsa_i31_vrfy_asn1$|/ec_all_m31:api_"),
    # TLS: record protection, hashes, curves, RSA.
    (r"/tls_(records|stream|gcm):",
     r":br_aes_ct_ctr_(init|run)$|:br_ghash_ctmul$|"
     r":br_(chacha20_ct|poly1305_ctmul)_run$"),
    (r"/(tls12|tls13|tls_keys|rsa_pss|hmac|tls_lists|tls_exchange|x509_tlsa):",
     HASH),
    (r"/tls_client:end_message$",
     r"/tls_client:(take_hello|end_\w+)$|:sts_tls1[23]_\w+$"),
    (r"/tls_messages:read_exts?$",
     r"/tls_messages:(ignore|read_(nothing|fragment_length|points|alpn|"
     r"record_limit|version|cookie|key_share|renegotiation))$"),
    (r"/signature:", r":br_ecdsa_i31_vrfy_(raw|asn1)$|:br_rsa_i31_public$|"
     r":br_rsa_i31_pkcs1_vrfy$|/ec_all_m31:api_|" + HASH),
    (r"/(curves|tls_exchange):", r"/ec_all_m31:api_"),
    (r"/rsa:", r":br_rsa_i31_public$"),
    # The agent's tables.
    (r"core/driver:pass_events$", r":channel_event$"),
    (r"core/driver:have_random$", r":channel_entropy$"),
    (r"core/driver:close_channel$", r":channel_close$"),
    (r"core/driver:set_deadline$|core/driver_lists:sts_driver_enlist_stirred$",
     ENGINES + r"(deadline|stirred)$"),
    (r"core/driver_listen:", r":channel_(accept|want)$"),
    (r"core/driver:(?!(pass_events|have_random|close_channel|set_deadline)$)",
     r":channel_|" + ENGINES +
     r"(wants|tick|deadline|child|stirred|peer|opened|lost|recv_buf|recv_ack|"
     r"send_buf|send_ack|work)$"),
    (r"/http_field:", r"core/https/http_field:"),
    (r"/postfix:", r"core/answer/postfix:"),
    (r"/journal:(sts_journal_step|carry_out)", r"(sdcard:sd|flash:flash)_"),
    (r"port/lwip/lwip:channel_(entropy|event)$",
     r":sts_(drbg_bytes|log_event)$"),
    # lwIP's callbacks.
    (r"/eth:receive$", r":netif_input$"),
    (r"/netif:netif_add", r"/eth:eth_init$"),
    (r"/ethernet:ethernet_output", r"/eth:eth_send$"),
    (r"/ip4:ip4_output_if_opt_src$", r":etharp_output$"),
    (r"/udp:udp_input", r"lwip:on_datagram$|sntp:on_answer$|:dhcp_recv$"),
    (r"/tcp(_in)?:(tcp_input|tcp_listen_input|tcp_process_refused_data|tcp_input_delayed_close|"
     r"tcp_slowtmr|tcp_abandon|tcp_process)",
     r"lwip:on_(bytes|sent|half_second|error|connected|client)$|"
     r":tcp_recv_null$"),
    (r"/timeouts:sys_check_timeouts",
     r"/timeouts:(lwip_cyclic_timer|tcpip_tcp_timer)$"),
    (r"/timeouts:lwip_cyclic_timer",
     r":(etharp_tmr|dhcp_(coarse|fine)_tmr|dns_tmr|tcp_tmr)$"),
)]

# Calls that do not go as deep as their callee can; left out.
SHALLOW = {
    # It has room for the number of a line, that of the assertion.
    ("sts_put_decimal", "sts_assert_failed"),
    # Nothing was received yet: a ClientHello is made, nothing verified.
    ("br_ssl_engine_hs_reset", "jump_handshake"),
}

FRAME = 8 * 4  # what the core pushes for an interrupt
ALIGN = 4
LIBRARY = 64  # of a function of libc or libgcc; the most of one is 48
LIBRARY_NAMES = re.compile(r"(mem|str)[a-z]+$|__aeabi_\w+$")
NODE = re.compile(r'^node: { title: "([^"]*)" label: "([^"]*)"')
EDGE = re.compile(r'^edge: { sourcename: "([^"]*)" targetname: "([^"]*)"(?: label: "([^"]*)")?')
CLONE = re.compile(r"\.(lto_priv|constprop|isra|part|cold)\b.*")
HEAD = re.compile(r"(?:\w[\w *]*[ *])?(\w+)\(")  # of a function, at the first column
POINTER = "__indirect_call"


def plain(name):
    """A symbol's name without the numbers that tell it from its namesakes."""
    return re.sub(r"(\.lto_priv)?(\.\d+)?$", "", name)


def bare(name):
    """A function's name: no file of a static one, and no mark of a clone."""
    return CLONE.sub("", name.rsplit(":", 1)[-1])


def symbols(elf):
    """(name, address) of each."""
    out = subprocess.run(["arm-none-eabi-nm", elf], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    lines = (line.split() for line in out.splitlines())
    return [(w[2], int(w[0], 16)) for w in lines if len(w) == 3]


class Sources:
    """Which function has a line of a file: FILE:FUNCTION as in CALLS."""

    def __init__(self):
        self.known = {}

    def heads(self, path):
        """(line, name) of each function in it."""
        if path not in self.known:
            with open(path) as f:
                self.known[path] = [(i, m[1]) for i, m in enumerate(map(HEAD.match, f), 1) if m]
        return self.known[path]

    def function(self, label):
        """By FILE:LINE:COLUMN."""
        path, line, _ = label.rsplit(":", 2)
        name = [n for i, n in self.heads(path) if i <= int(line)][-1]
        return f"{os.path.splitext(path)[0]}:{name}"

    def of(self, name):
        """As which functions that have this name are written."""
        return {f"{os.path.splitext(path)[0]}:{name}" for path, heads in self.known.items()
                if name in (n for _, n in heads)}


class Graph:
    def __init__(self, folder, elf):
        self.frame, self.calls = {}, collections.defaultdict(set)
        # Function -> where it is written, and where its calls through pointers are.
        self.object, self.callers = {}, collections.defaultdict(set)
        self.sources, self.same = Sources(), {}
        self.read(elf + ".ltrans0.ltrans.ci", self.sources.function)
        for root, _, files in os.walk(os.path.join(folder, "bearssl")):
            for f in files:
                if f.endswith(".ci"):
                    self.read(os.path.join(root, f), None)
        self.linked(elf)

    def read(self, path, written):
        if not os.path.exists(path):
            raise SystemExit(f"size: there is no {path}: build again")
        with open(path) as f:
            for line in f:
                node, edge = NODE.match(line), EDGE.match(line)
                size = node and re.search(r"(\d+) bytes \((\w+)\)", node[2])
                if size:
                    self.add(node[1], node[2], *size.groups())
                if edge and edge[2] == POINTER:
                    self.callers[edge[1]].add(
                        written(edge[3]) if written else self.object[edge[1]])
                elif edge:
                    self.calls[edge[1]].add(edge[2])

    def add(self, title, label, size, kind):
        if kind != "static":
            raise SystemExit(f"size: {title}: stack {kind}")
        self.frame[title] = int(size)
        where = label.split("\\n")[1].rsplit(":", 2)[0]
        self.object[title] = f"{os.path.splitext(where)[0]}:{bare(title)}"
        if os.path.exists(where):
            self.sources.heads(where)

    def linked(self, elf):
        """Pointers lead only to what is there. Functions with the same code are one
        at the link: its other names are in no call graph."""
        at = collections.defaultdict(set)
        for name, address in symbols(elf):
            at[address].add(name)
        titles = {f.rsplit(":", 1)[-1]: f for f in self.frame}
        for names in at.values():
            for f in names & titles.keys():
                self.same.update((n, titles[f]) for n in names - titles.keys())
        there = {bare(n) for names in at.values() for n in names}
        self.targets = [(self.object[f], f) for f in self.frame if bare(f) in there] + [
            (o, f) for n, f in self.same.items() for o in self.sources.of(bare(n))]

    def pointers(self, function):
        """What its calls through pointers may reach."""
        found = set()
        for caller in self.callers[function]:
            rows = [b for a, b in CALLS if a.search(caller)]
            if not rows:
                raise SystemExit(f"size: what do the pointers of {caller} lead"
                                 " to? CALLS of size_stack.py has no row")
            found.update(f for o, f in self.targets for r in rows if r.search(o))
        return found - {function}

    def below(self, function):
        return {g for g in self.calls[function]
                if (bare(function), bare(g)) not in SHALLOW} | self.pointers(function)

    def named(self, function):
        return next(f for f in self.frame if bare(f) == function)

    def deepest(self, root):
        """(octets, path) of the deepest way down from root."""
        known, open_ = {}, []

        def visit(f):
            f = self.same.get(f.rsplit(":", 1)[-1], f)
            if f not in self.frame:
                if not LIBRARY_NAMES.match(f):
                    raise SystemExit(f"size: {f} was compiled without a call"
                                     " graph: remove its build folder")
                return LIBRARY, [f]
            if f in open_:
                raise SystemExit("size: recursion: " + " > ".join(
                    open_[open_.index(f):] + [f]))
            if f not in known:
                open_.append(f)
                size, path = max((visit(g) for g in self.below(f)),
                                 default=(0, []))
                open_.pop()
                known[f] = self.frame[f] + size, [f] + path
            return known[f]

        return visit(root)


def worst(folder, elf):
    """Octets and path of main's deepest, and an interrupt on top of it."""
    g = Graph(folder, elf)
    size, path = g.deepest(g.named("sts_reset"))
    return size + FRAME + ALIGN + g.deepest(g.named("sts_tick"))[0], path
