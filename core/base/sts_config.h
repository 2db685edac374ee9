/* SPDX-License-Identifier: MIT */
/*
 * Every compile-time limit: unit, default, what it costs and what happens
 * when it is reached. A product overrides any of them in a header of its own,
 * named by -DSTS_CONFIG_H='"product.h"'. Limits that can be chosen at start
 * (clients, lookups, fetch slots, memory) are in core/sts.h.
 */
#ifndef STS_CONFIG_DEFAULTS_H
#define STS_CONFIG_DEFAULTS_H

#ifdef STS_CONFIG_H
#include STS_CONFIG_H
#endif

/*
 * Driver scratch, bytes: datagrams are received and replies rendered in it.
 * One for the whole agent. At least STS_DNS_UDP_MAX.
 */
#ifndef STS_SCRATCH_SIZE
#define STS_SCRATCH_SIZE 4096
#endif

/* Random bytes kept ready, refilled from the port when half empty. */
#ifndef STS_RANDOM_POOL
#define STS_RANDOM_POOL (STS_REPORT ? 640 : 512)
#endif

/* Name servers used; more in the configuration is an error. 24 bytes each. */
#ifndef STS_DNS_SERVERS_MAX
#define STS_DNS_SERVERS_MAX 8
#endif

/* EDNS0 payload offered, bytes: fits an unfragmented IPv6 packet (RFC 6891). */
#ifndef STS_DNS_UDP_MAX
#define STS_DNS_UDP_MAX 1232
#endif

/*
 * A DNS answer over TCP that is held whole, bytes, at least 1,280. One that is
 * larger, up to 65,535, is read as it comes; then the records have to stand in
 * the order of the aliases, and what the names point to in the first octets
 * (dns/stream.h): else cannot tell (dns-large). Costs STS_DNS_TCP_BUFFERS times
 * this.
 */
#ifndef STS_DNS_MESSAGE_MAX
#define STS_DNS_MESSAGE_MAX 4096
#endif

/*
 * Answers received over TCP at once; where there are four or more, one
 * organisation has a quarter of them. Further ones wait, at most 30 s (TEMP,
 * dns-no-buffer).
 */
#ifndef STS_DNS_TCP_BUFFERS
#define STS_DNS_TCP_BUFFERS 8
#endif

/*
 * Addresses of one policy host that are tried, both families together; the
 * rest is ignored. 24 bytes a lookup each.
 */
#ifndef STS_LOOKUP_ADDRS
#define STS_LOOKUP_ADDRS 8
#endif

/*
 * DANE: mail hosts of one domain that are looked at, 8 bytes a domain under way
 * each, and bytes for all their names. A domain with more is never answered
 * with dane-only, since not all its hosts are known. Hosts looked at at once,
 * 1..4: 740 bytes each.
 */
#ifndef STS_DANE_HOSTS_MAX
#define STS_DANE_HOSTS_MAX 16
#endif
#ifndef STS_DANE_NAMES
#define STS_DANE_NAMES 1024
#endif
#ifndef STS_DANE_AT_ONCE
#define STS_DANE_AT_ONCE 2
#endif

/*
 * Routes (core/route.h): bytes for the usable TLSA records of one domain's
 * hosts, each 5 and its data (a digest: 32 or 64). A host whose records have no
 * room is skipped, with the reason dns-large. So many bytes a route.
 */
#ifndef STS_DANE_RECORDS
#define STS_DANE_RECORDS 2048
#endif

/*
 * Bytes for the certificates of a chain that TLSA records of usage 2 name
 * (core/dane/judge.h): 130 for a key on P-256, 340 for RSA of 2048 bits, 600
 * for 4096, and name constraints. A certificate that has no room vouches for
 * nothing.
 */
#ifndef STS_JUDGE_ANCHORS
#define STS_JUDGE_ANCHORS 1400
#endif

/*
 * The TLS record buffer, bytes: 16,709 holds any record. A smaller one, at
 * least 1,024, asks for small records (RFC 6066, RFC 8449) and opens larger
 * ones piece by piece, for which it offers AES-GCM only. One a fetch slot.
 */
#ifndef STS_TLS_RECORD_SIZE
#define STS_TLS_RECORD_SIZE 16709
#endif

/*
 * 1: the TLS client is BearSSL's engine, TLS 1.2 only, the reference for tests
 * of our own. The Makefile's TLS_ENGINE=1 sets it and builds that file.
 */
#ifndef STS_TLS_ENGINE
#define STS_TLS_ENGINE 0
#endif

/* Certificates kept beside the leaf; over it: x509-chain-too-long. */
#ifndef STS_X509_CERTS_MAX
#define STS_X509_CERTS_MAX 12
#endif

/*
 * Bytes of keys and signatures kept while a path is judged; over it:
 * x509-over-limit. One a fetch slot.
 */
#ifndef STS_X509_ARENA
#define STS_X509_ARENA 14336
#endif

/* Signature checks one handshake may cost; over it: x509-chain-too-complex. */
#ifndef STS_X509_CHECKS_MAX
#define STS_X509_CHECKS_MAX 16
#endif

/* Signatures of intermediates remembered, 32 bytes each, once; the oldest is
 * given up. A chain below a CA that is not there costs a check more. */
#ifndef STS_X509_LINKS
#define STS_X509_LINKS 64
#endif

/*
 * Milliseconds of a fetch: for a connection to be made, and from then on for
 * the handshake. Neither the time in which a session waits for its turn to
 * compute (STS_WANT_WORK) counts, nor its computing, except for the last step,
 * behind which the host is awaited. A core of 50 MHz needs 3 to 12 s in all.
 */
#ifndef STS_FETCH_CONNECT_MS
#define STS_FETCH_CONNECT_MS 3000
#endif
#ifndef STS_FETCH_HANDSHAKE_MS
#define STS_FETCH_HANDSHAKE_MS 5000
#endif

/*
 * Milliseconds that a fetch keeps its slot without progress while others
 * queue for it, and when very many do; twice as long after each turn that was cut
 * short. More than the longest signature check takes.
 */
#ifndef STS_QUANTUM_MS
#define STS_QUANTUM_MS 3000
#endif
#ifndef STS_QUANTUM_MIN_MS
#define STS_QUANTUM_MIN_MS 750
#endif

/*
 * Milliseconds that a fetch keeps its slot, from its beginning, once it has its
 * handshake behind it, however many queue: enough for a slow host to answer. Twice
 * as long after each turn that was cut short.
 */
#ifndef STS_TURN_MS
#define STS_TURN_MS 2500
#endif

/* HTTP header of a response, bytes, 1xx included; over it: http-header-large.
 * The header is streamed; the limit bounds time, not memory. */
#ifndef STS_HTTP_HEADER_MAX
#define STS_HTTP_HEADER_MAX 16384
#endif

/* Policy body, bytes (RFC 8461 3.3 suggests 64 KB); over it:
 * http-body-large. */
#ifndef STS_HTTP_BODY_MAX
#define STS_HTTP_BODY_MAX 65536
#endif

/* mx lines of one policy; over it the policy is invalid: policy-many-mx. */
#ifndef STS_POLICY_MX_MAX
#define STS_POLICY_MX_MAX 1024
#endif

/*
 * SMTP: octets of a line of a reply with its end (RFC 5321 4.5.3.1.5), lines of
 * a reply, and octets of all of them; over one of them: smtp-reply-large.
 * Replies are streamed; the limits bound time, not memory.
 */
#ifndef STS_SMTP_LINE_MAX
#define STS_SMTP_LINE_MAX 512
#endif
#ifndef STS_SMTP_LINES_MAX
#define STS_SMTP_LINES_MAX 100
#endif
#ifndef STS_SMTP_REPLY_MAX
#define STS_SMTP_REPLY_MAX 8192
#endif

/* Octets of a reply's line that are kept, to be shown, 32..255. Three times a
 * dialogue. */
#ifndef STS_SMTP_TEXT
#define STS_SMTP_TEXT 128
#endif

/* Octets that a dialogue sends at once, at least the longest command
 * (STS_SMTP_COMMAND_MAX in core/smtp/smtp.h). One buffer a dialogue. */
#ifndef STS_SMTP_OUT
#define STS_SMTP_OUT 640
#endif

/* Recipients of one mail, 12 bytes each. */
#ifndef STS_SMTP_RCPTS_MAX
#define STS_SMTP_RCPTS_MAX 8
#endif

/*
 * Milliseconds of an SMTP dialogue: for a connection, for the greeting to its
 * last line (postscreen lets clients wait 6 s, others 30 s), for a reply and
 * for the handshake, our own computing included, and for the reply to QUIT,
 * which nothing depends on. While a mail is handed over, replies and blocks of
 * the message have the time of RFC 5321 4.5.3.2, and its end twice that.
 */
#ifndef STS_SMTP_CONNECT_MS
#define STS_SMTP_CONNECT_MS 10000
#endif
#ifndef STS_SMTP_GREETING_MS
#define STS_SMTP_GREETING_MS 60000
#endif
#ifndef STS_SMTP_REPLY_MS
#define STS_SMTP_REPLY_MS 30000
#endif
#ifndef STS_SMTP_QUIT_MS
#define STS_SMTP_QUIT_MS 2000
#endif
#ifndef STS_SMTP_MAIL_MS
#define STS_SMTP_MAIL_MS 300000
#endif

/* Listeners a board may open, 4 bytes each, and a channel of the port. */
#ifndef STS_LISTENERS_MAX
#define STS_LISTENERS_MAX 17
#endif

/* Bytes of a client's input: the longest request that is answered at all. */
#ifndef STS_CLIENT_INPUT
#define STS_CLIENT_INPUT 512
#endif

/* Longest netstring that is skipped to its comma; over it: client closed. */
#ifndef STS_CLIENT_SKIP_MAX
#define STS_CLIENT_SKIP_MAX 10100
#endif

/* Longest reply Postfix takes, bytes (socketmap_max_reply_size). */
#ifndef STS_REPLY_MAX
#define STS_REPLY_MAX 100000
#endif

/* Socketmap zones, the built-in ones included. */
#ifndef STS_ZONES_MAX
#define STS_ZONES_MAX 16
#endif

/* Overrides of an operator, and bytes of their keys and results. */
#ifndef STS_OVERRIDES_MAX
#define STS_OVERRIDES_MAX 256
#endif
#ifndef STS_OVERRIDES_TEXT
#define STS_OVERRIDES_TEXT 16384
#endif

/* Prefixes of `fetch_allow`. */
#ifndef STS_FETCH_ALLOW_MAX
#define STS_FETCH_ALLOW_MAX 8
#endif

/* Prefixes of `nat64_prefix`, 28 bytes each, twice. */
#ifndef STS_NAT64_MAX
#define STS_NAT64_MAX 4
#endif

/* Hashed counters of bytes per organisation, 4 bytes each; a power of two. */
#ifndef STS_CACHE_ORGS
#define STS_CACHE_ORGS 1024
#endif

/*
 * TLS reports. Octets of one event's texts, at least 1,536: of a policy with
 * more the strings beyond are left out of the report. A report in memory has
 * one such event, and a snapshot that is read two.
 */
#ifndef STS_REPORT_TEXT
#define STS_REPORT_TEXT 4096
#endif

/* Octets of a record at _smtp._tls; events about a domain with a longer one are
 * counted as over a limit, and have no report. At most a third of
 * STS_REPORT_TEXT. */
#ifndef STS_TLSRPT_RECORD_MAX
#define STS_TLSRPT_RECORD_MAX 1024
#endif

/* Failures of one policy in a report, one by one: 1..1,024; the default of
 * struct sts_tally_config. */
#ifndef STS_REPORT_FAILURES
#define STS_REPORT_FAILURES 64
#endif

/* Policies of one domain and day that are kept apart by their strings; further
 * ones are counted by type and domain alone. 1..200. */
#ifndef STS_REPORT_POLICIES
#define STS_REPORT_POLICIES 8
#endif

/* TLS reporting: octets of organization_name; of one datagram of a mail server,
 * longer ones are cut, and are still counted if their beginning suffices; of
 * counted things, at least. */
#ifndef STS_REPORT_NAME_MAX
#define STS_REPORT_NAME_MAX 120
#endif
#ifndef STS_TLSRPT_DATAGRAM
#define STS_TLSRPT_DATAGRAM 16384
#endif

/* Failed fetches that wait for their domain's record at _smtp._tls: whether it
 * wants reports. An organisation has a quarter of the places; further ones are
 * counted as lost. 247 bytes each. */
#ifndef STS_REPORT_OWN
#define STS_REPORT_OWN 16
#endif

/* Addresses that are left alone for seven days since they were refused for
 * good, at once: at least 1. Beyond them the oldest is tried again earlier. 8
 * bytes each. */
#ifndef STS_REPORT_PAUSES
#define STS_REPORT_PAUSES 64
#endif

/* Names counted at once, for each of five counts of a day (agent_report.h):
 * receivers of reports and organisations that take long. Beyond them those
 * counted least begin anew. 40 bytes each. */
#ifndef STS_REPORT_COUNTED
#define STS_REPORT_COUNTED 256
#endif

/* Reports a day to one destination: the rest is dropped, and counted. */
#ifndef STS_REPORT_SAME_MAX
#define STS_REPORT_SAME_MAX 250
#endif

/* Events between two visits of the driver; more are counted as lost. */
#ifndef STS_EVENTS_MAX
#define STS_EVENTS_MAX 16
#endif

/*
 * What a product may leave out: 1 it is there, 0 it is not. The bytes that each
 * saves are in boards/mcu/README.md, measured by `make switches`. All of them work
 * by plain `if`, so that the linker drops what nothing calls any more: build
 * with -ffunction-sections -fdata-sections and link with --gc-sections.
 */

/* A failed assertion hands its file and line to the board's hook. 0: it calls
 * sts_assert_failed_here, which finds the function by its return address. */
#ifndef STS_ASSERT_PLACE
#define STS_ASSERT_PLACE 1
#endif

/* A reason has a sentence for people, which TEMP answers carry into the mail
 * server's log. 0: they carry its word (core/base/why.h). */
#ifndef STS_SENTENCES
#define STS_SENTENCES 1
#endif

/* Socketmap and text clients. 0: questions by the C API alone; no listener may
 * be opened and struct sts_config has clients 0. */
#ifndef STS_SOCKETMAP
#define STS_SOCKETMAP 1
#endif

/* Policies fetched over IPv6. 0: AAAA is not asked for, and no IPv6 address is
 * fetched from, `fetch_allow` or not. Name servers and clients are the port's
 * affair. */
#ifndef STS_INET6
#define STS_INET6 1
#endif

/*
 * The operator's list of policies (core/answer/preload.h). 0: there is none,
 * whatever settings say; sts_config has preload_size 0.
 */
#ifndef STS_PRELOAD
#define STS_PRELOAD 1
#endif

/*
 * DANE (RFC 7672). 0: every domain is answered as if it had no TLSA records.
 * It still has to be switched on: sts_config has `danes`, the domains whose
 * hosts are looked at at once, and sts_settings and each zone say whether.
 */
#ifndef STS_DANE
#define STS_DANE 1
#endif

/* The SMTP engine (core/smtp). 0: what uses it, a check of a domain or reports
 * by mail, is not there. */
#ifndef STS_SMTP
#define STS_SMTP 1
#endif

/*
 * TLS reports (RFC 8460), collected and sent. 0: none are; nothing is counted.
 * It still has to be switched on, by a contact and by memory for it.
 */
#ifndef STS_REPORT
#define STS_REPORT 1
#endif

/* Sessions that mail servers beside the agent report by datagrams and lines are
 * counted. 0: sessions come by the C call alone, as from firmware that delivers
 * mail, and there is no room for a datagram (STS_TLSRPT_DATAGRAM). */
#ifndef STS_REPORT_SOCKET
#define STS_REPORT_SOCKET 1
#endif

/* How reports go out: by mail, to a relay (needs STS_SMTP), and posted where a
 * domain asks for that. 0: such destinations are passed over. */
#ifndef STS_REPORT_MAIL
#define STS_REPORT_MAIL STS_SMTP
#endif
#ifndef STS_REPORT_HTTPS
#define STS_REPORT_HTTPS 1
#endif

/* Domains without a failure have reports, too, if the board wants them
 * (sts_config.report_failures). 0: only domains that fail are counted at
 * all. */
#ifndef STS_REPORT_ALL
#define STS_REPORT_ALL 1
#endif

/* Reports are compressed. 0: they go out as they are (application/tlsrpt+json),
 * ten times as long, and the window of 2.5 KB is not there. */
#ifndef STS_REPORT_GZIP
#define STS_REPORT_GZIP 1
#endif

/* Failures at a domain whose policy is in testing mode are counted under that
 * policy. 0: under none, as the mail server reports them. */
#ifndef STS_REPORT_TESTING
#define STS_REPORT_TESTING 1
#endif

/* Policies shared with other gateways through Redis or Valkey. 0: struct
 * sts_config has share 0. 1 costs memory only where that is not 0. */
#ifndef STS_SHARE
#define STS_SHARE 1
#endif

/* Policies are kept in a storage. 0: sts_agent_journal returns false, every
 * policy is lost with the power, and promise 1 of README.md holds only until
 * then. */
#ifndef STS_JOURNAL
#define STS_JOURNAL 1
#endif

/* Events are counted (core/agent/metrics.h). 0: counters stay 0, and the daemon
 * serves no numbers. */
#ifndef STS_METRICS
#define STS_METRICS 1
#endif

/*
 * SHA-384 and SHA-512, in signatures of certificates and in TLS. 0: a path
 * that needs one is refused with x509-algorithm: Let's Encrypt's and others'
 * on P-384 are; a root's own signature is never checked and may have either.
 */
#ifndef STS_SHA384_512
#define STS_SHA384_512 1
#endif

/*
 * The curve P-521, in certificates (0: x509-algorithm) and in TLS. Saves few
 * bytes, as the larger curves share their code, but the longest pass: on a slow
 * board a signature on P-384 takes less than half the time.
 */
#ifndef STS_P521
#define STS_P521 1
#endif

/*
 * ECDSA on P-256 and P-384, and RSA, verified by arithmetic of our own: 64 bits
 * at a time and, as everything in it is public, in variable time; and X25519,
 * which has secrets, in constant time. 0: by BearSSL's. On by itself where the compiler has a type of 128 bits, which are
 * the 64-bit machines; the one thing that is asked of a compiler anywhere.
 */
#ifndef STS_EC_FAST
#ifdef __SIZEOF_INT128__
#define STS_EC_FAST 1
#else
#define STS_EC_FAST 0
#endif
#endif

/*
 * Keys in UTF-8 mapped to domains as Postfix maps them (UTS #46), with 34 KB of
 * tables. 0: every key that is not all ASCII is answered key-unmapped: cannot
 * tell. Mail servers that do not offer SMTPUTF8 send no such keys.
 */
#ifndef STS_UTS46
#define STS_UTS46 1
#endif

#endif
