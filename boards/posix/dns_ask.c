/* SPDX-License-Identifier: MIT */
/*
 * One question to the name servers, waited for. The resolver is the agent's; in
 * the driver's place stands a loop that serves its one channel.
 *
 *	fd < 0              no channel
 *	fd >= 0, !open      a stream that connects
 *	open                a channel that the resolver knows
 *
 * Invariants: the channel is closed before another is opened; whatever ends it
 * is reported to the resolver, which decides about the next server, TCP and the
 * deadline (STS_DNS_ASK_MS). Records in `out` are complete: if one does not fit
 * (`full`), or cannot be read, the result is "cannot tell" and there are none.
 * A TXT answer may begin anew over TCP, which clears what was kept.
 *
 * The attacker answers in a name server's place, or is one. The resolver
 * accepts nothing but an answer to this question; here only its size is left to
 * bound.
 */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../dns/rdata.h"
#include "../../port/posix/addr.h"
#include "../../port/posix/entropy.h"
#include "../../port/posix/posix.h"
#include "../../port/posix/socket.h"
#include "../../port/posix/socket_drawn.h"
#include "dns_ask.h"

enum {
	TCP_BUFFER = 65535,
	TLSA_HEAD = 3
};

struct asking {
	struct sts_upstream up;
	struct sts_dns_asked *out;
	uint16_t type;
	int *urandom; /* kept between questions */
	int fd; /* -1: there is no channel */
	bool open; /* and its engine knows */
};

/* Keep n more octets; false: there is no room. */
static bool
append(struct sts_dns_asked *a, struct sts_text t)
{
	if (sizeof a->bytes - a->len < t.n) {
		a->full = true;
		return false;
	}
	if (t.n > 0) {
		memcpy(a->bytes + a->len, t.p, t.n);
	}
	a->len += t.n;
	a->record[a->count - 1].n += t.n;
	return true;
}

static bool
begin_record(struct sts_dns_asked *a)
{
	if (a->count == STS_DNS_ASK_RECORDS) {
		a->full = true;
		return false;
	}
	a->record[a->count++] = sts_text(a->bytes + a->len, 0);
	return true;
}

static void
clear(struct sts_dns_asked *a)
{
	a->count = 0;
	a->len = 0;
	a->full = false;
}

static void
take_txt(struct sts_dns_asked *a, struct sts_dns_piece *piece)
{
	struct sts_text string;

	if (piece->first && piece->record == 0) {
		clear(a);
	}
	if (piece->first && !begin_record(a)) {
		return;
	}
	while (!a->full && sts_dns_txt_next(&piece->rdata, &string)) {
		append(a, string);
	}
}

/* Take records that are walked whole: all but TXT. */
static void
take_whole(struct asking *k)
{
	struct sts_dns_asked *a = k->out;
	struct sts_dns_answers it;
	struct sts_dns_mx mx;
	struct sts_dns_rr rr;

	clear(a);
	sts_upstream_answers(&k->up, &it);
	while (sts_dns_next(&it, &rr) && begin_record(a)) {
		if (k->type != STS_DNS_MX) {
			append(a, rr.rdata);
		} else if (sts_dns_mx(&it, &rr, &mx)) {
			append(a, sts_text(mx.exchange.name, mx.exchange.len));
		} else {
			a->why = STS_WHY_DNS_MALFORMED;
		}
	}
}

static void
take(struct asking *k, struct sts_span got)
{
	struct sts_dns_piece piece;

	sts_upstream_recv_ack(&k->up, got);
	if (k->type != STS_DNS_TXT &&
	    sts_upstream_result(&k->up) == STS_FOUND) {
		take_whole(k);
	}
	while (sts_upstream_next(&k->up, &piece)) {
		if (k->type == STS_DNS_TXT) {
			take_txt(k->out, &piece);
		}
	}
}

static void
drop(struct asking *k, int why)
{
	if (k->fd >= 0) {
		close(k->fd);
	}
	k->fd = -1;
	k->open = false;
	sts_upstream_lost(&k->up, why);
}

/* Open the channel that is wanted. */
static void
connect_to(struct asking *k, bool stream)
{
	const struct sts_addr *peer = sts_upstream_peer(&k->up);
	struct sockaddr_storage ss;
	socklen_t n = sts_addr_to_socket(peer, &ss);
	int rc = stream ? sts_socket_connect_stream(&ss, n)
			: sts_socket_open_drawn(peer, k->urandom);

	if (rc < 0) {
		drop(k, rc);
		return;
	}
	k->fd = rc;
	if (!stream) {
		k->open = true;
		sts_upstream_opened(&k->up);
	}
}

static void
transmit(struct asking *k)
{
	uint8_t lent[STS_DNS_QUERY_MAX + 2];
	struct sts_text t =
	    sts_upstream_send_buf(&k->up, sts_span(lent, sizeof lent));
	int n = sts_socket_send(k->fd, t);

	if (n > 0) {
		sts_upstream_send_ack(&k->up, (size_t)n);
	} else if (n != STS_IO_AGAIN) {
		drop(k, n);
	}
}

static void
receive(struct asking *k)
{
	static uint8_t lent[STS_DNS_DATAGRAM_MAX];
	struct sts_span to =
	    sts_upstream_recv_buf(&k->up, sts_span(lent, sizeof lent));
	int n = sts_socket_recv(k->fd, to.p, to.n);

	if (n > 0) {
		take(k, sts_span(to.p, (size_t)n));
	} else if (n == STS_IO_EOF) {
		sts_upstream_lost(&k->up, STS_IO_EOF);
	} else if (n != STS_IO_AGAIN) {
		drop(k, n);
	}
}

static void
see_connected(struct asking *k)
{
	int rc = sts_socket_connected(k->fd);

	if (rc == 0) {
		k->open = true;
		sts_upstream_opened(&k->up);
	} else if (rc != STS_IO_AGAIN) {
		drop(k, rc);
	}
}

/* Wait for the channel or for time, and serve what came. */
static void
wait_for(struct asking *k, unsigned wants)
{
	sts_ms now = sts_posix_now(), at = now + 1000;
	struct pollfd p = { k->fd, 0, 0 };

	sts_upstream_deadline(&k->up, &at);
	if (!k->open || (wants & STS_WANT_SEND)) {
		p.events = POLLOUT;
	} else if (wants & STS_WANT_RECV) {
		p.events = POLLIN;
	}
	int ms = sts_before(now, at) ? (int)(at - now) : 0;

	if (poll(&p, k->fd >= 0 ? 1 : 0, ms) <= 0) {
		return;
	}
	if (!k->open) {
		see_connected(k);
	} else if (wants & STS_WANT_SEND) {
		transmit(k);
	} else {
		receive(k);
	}
}

/* Serve the question once. False: it is over, and has no channel. */
static bool
serve(struct asking *k)
{
	static uint8_t tcp[TCP_BUFFER];

	sts_upstream_tick(&k->up, sts_posix_now());
	unsigned wants = sts_upstream_wants(&k->up);

	if (wants & STS_WANT_CLOSE) {
		drop(k, STS_IO_CLOSED);
	} else if (sts_upstream_needs_buffer(&k->up)) {
		sts_upstream_lend(&k->up, tcp, sizeof tcp);
	} else if (sts_upstream_result(&k->up) != STS_PENDING) {
		return false;
	} else if (k->fd < 0 && (wants & (STS_WANT_DGRAM | STS_WANT_STREAM))) {
		connect_to(k, wants & STS_WANT_STREAM);
	} else {
		wait_for(k, wants);
	}
	return true;
}

void
sts_dns_ask(struct sts_dns_asked *out, const struct sts_dns_servers *servers,
    struct sts_dns_name_parts name, uint16_t type)
{
	static struct asking k;
	static int urandom = -1;
	uint8_t rnd[STS_DNS_RND];

	memset(&k, 0, sizeof k);
	memset(out, 0, sizeof *out);
	k.out = out;
	k.type = type;
	k.fd = -1;
	k.urandom = &urandom;
	while (sts_posix_entropy(&urandom, rnd, sizeof rnd) != 0) {
		sleep(1); /* the system is booting */
	}
	sts_upstream_start(&k.up, servers, NULL, name, type, sts_posix_now(),
	    STS_DNS_ASK_MS, rnd);
	while (serve(&k)) {
	}
	out->found = sts_upstream_result(&k.up);
	out->ttl_s = sts_upstream_ttl_s(&k.up);
	out->authentic = sts_upstream_authentic(&k.up);
	if (out->found != STS_FOUND) {
		out->why = sts_upstream_why(&k.up);
		out->count = 0;
	} else if (out->full || out->why != STS_WHY_NONE) {
		out->why = out->full ? STS_WHY_DNS_LARGE : out->why;
		out->found = STS_UNKNOWN;
		out->count = 0;
	}
}
