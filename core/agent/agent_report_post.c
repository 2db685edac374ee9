/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: a report posted (RFC 8460 5.4), which takes these steps of
 * agent_report_send.c: FINDS looks up the addresses of the host; COUNTS finds
 * the Content-Length, which is sent before the first octet; STARTS; SENDS.
 *
 * The host was named by a stranger: it must be one that anybody may reach
 * (lookup_report), no redirect is followed, and an organisation whose hosts do
 * not answer is tried a few times a day.
 */
#include <string.h>

#include "agent.h"
#include "agent_report_files.h"
#include "../base/assert.h"
#include "../cache/organisation.h"

enum {
	COUNT_MAX = 4, /* pieces counted in a tick */
	BODY_MAX = 1024 /* octets of the body in one TLS record */
};

void
sts_agent_report_post_find(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint8_t rnd[STS_REPORT_RND];

	STS_ASSERT(r->to.host.n <= sizeof r->host);
	r->host_len = (uint8_t)r->to.host.n;
	for (size_t i = 0; i < r->host_len; i++) {
		r->host[i] = sts_lower(r->to.host.p[i]);
	}
	sts_random_take(&a->random, rnd, sizeof rnd);
	sts_lookup_report_host(&r->lookup[STS_REPORT_LOOKUP_SEND],
	    sts_text(r->host, r->host_len), r->settings, a->now, rnd);
	sts_count_by(&a->metrics, STS_METRIC_DNS_QUESTIONS, STS_REPORT_LEGS);
	sts_agent_report_stir(a, STS_REPORT_LOOKUP_SEND);
	r->step = STS_REPORT_FINDS;
}

/* Count n more of today's POSTs to hosts of the destination's organisation that
 * got no answer. Returns how many there are. */
static unsigned
count_mute(struct sts_agent *a, unsigned n)
{
	struct sts_agent_report *r = a->reporter;

	return sts_agent_report_count(a, &r->today.mute,
	    sts_organisation(sts_text(r->host, r->host_len)), n);
}

/* The look-up of the host's addresses has ended. */
void
sts_agent_report_post_found(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	const struct sts_lookup_report *l = &r->lookup[STS_REPORT_LOOKUP_SEND];

	/* Connections to a receiver that never answers last until their time is
	 * over, and the reports of all others wait meanwhile. */
	if (l->found != STS_FOUND || count_mute(a, 0) >= STS_REPORT_MUTE_MAX) {
		r->post.code = 0;
		sts_agent_report_settle(a, STS_REPORT_LATER);
		return;
	}
	r->addr_count = l->addr_count;
	memcpy(r->addr, l->addr, l->addr_count * sizeof *l->addr);
	r->length = 0;
	sts_report_gzip_begin(&r->text.gzip, &r->tally, r->ref, &r->config);
	r->step = STS_REPORT_COUNTS;
}

/* Content-Length is needed first: render the report once for its length, in
 * pieces, as a large one takes a while. */
void
sts_agent_report_post_count(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	for (unsigned i = 0; i < COUNT_MAX; i++) {
		size_t n = sts_report_gzip_read(
		    &r->text.gzip, sts_span(r->piece, sizeof r->piece));

		if (n == 0) {
			sts_report_gzip_begin(
			    &r->text.gzip, &r->tally, r->ref, &r->config);
			r->step = STS_REPORT_STARTS;
			return;
		}
		r->length += (uint32_t)n;
	}
}

void
sts_agent_report_post_start(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint8_t rnd[STS_TLS_RND];
	struct sts_post_to to;
	int64_t wall_s = sts_clock_cert_s(&a->clock);

	if (wall_s < 0) {
		sts_agent_report_settle(a, STS_REPORT_LATER);
		return;
	}
	sts_random_take(&a->random, rnd, sizeof rnd);
	memset(&to, 0, sizeof to);
	to.https.addr = r->addr;
	to.https.count = r->addr_count;
	to.https.anchors = r->settings->anchors;
	to.https.wall_s = wall_s;
	to.https.rnd = rnd;
	to.host = sts_text(r->host, r->host_len);
	to.path = r->to.path;
	to.type = STS_REPORT_MEDIA_TYPE;
	to.length = r->length;
	r->sent = 0;
	sts_post_begin(&r->post, &to, a->now);
	sts_wipe(rnd, sizeof rnd);
	r->step = STS_REPORT_SENDS;
	sts_agent_report_stir(a, STS_REPORT_CHILD_POST);
}

/* Hand over a piece of the body. Its last octet is kept back until it may
 * go. */
static void
write_body(struct sts_agent_report *r)
{
	struct sts_span room = sts_post_room(&r->post);
	size_t left = r->length - r->sent;

	room.n = room.n < BODY_MAX ? room.n : (size_t)BODY_MAX;
	if (room.n >= left) {
		room.n = sts_agent_report_may_end(r) ? left : left - 1;
	}
	if (room.n == 0) {
		sts_post_hold(&r->post, true);
		return;
	}
	room.n = sts_report_gzip_read(&r->text.gzip, room);
	STS_ASSERT(room.n > 0);
	r->sent += (uint32_t)room.n;
	sts_post_wrote(&r->post, room.n);
}

/* What an answer means for the destination: a refusal of its address or of this
 * report is final, others may pass. */
static enum sts_report_outcome
judge_post(const struct sts_agent_report *r)
{
	unsigned code = r->post.code;

	if (code / 100 == 2) {
		return STS_REPORT_HAS_IT;
	}
	if (code == 0) {
		/* The receiver may have all of the report: to send it twice is
		 * worse than to lose it. */
		return r->sent == r->length && !r->post.unsent
			   ? STS_REPORT_HAS_IT
			   : STS_REPORT_LATER;
	}
	return code >= 500 || code == 408 || code == 429 ? STS_REPORT_LATER
							 : STS_REPORT_NEVER;
}

void
sts_agent_report_post_child(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	if (!r->post.done) {
		write_body(r);
		return;
	}
	/* A shortage of ours, or a network of ours that is down, says nothing
	 * about the receiver. */
	if (r->post.code == 0 && !sts_why_passes((enum sts_why)r->post.why) &&
	    r->post.why != STS_WHY_CONNECT_NO_ROUTE) {
		count_mute(a, 1);
	}
	sts_agent_report_settle(a, judge_post(r));
	sts_post_end(&r->post);
}
