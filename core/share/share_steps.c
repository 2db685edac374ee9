/* SPDX-License-Identifier: MIT */
/*
 * The steps from one state of the connection to the next, and its end, as
 * replies, time and the channel cause them.
 */
#include <string.h>

#include "../base/assert.h"
#include "share_private.h"

enum {
	CONFIG_REST_MS = 60000,
	MOVES_MAX = 5,
	SETTLED_MS = 60000 /* a connection that lasted so long was good */
};

void
sts_share_drop_stage(struct sts_share *s)
{
	if (s->staged) {
		sts_cache_abandon(s->cache, &s->stage);
		s->staged = false;
	}
}

void
sts_share_reply_clear(struct sts_share *s)
{
	sts_share_drop_stage(s);
	sts_resp_begin(&s->resp);
	s->inside = false;
	s->in_at = s->in_len = 0;
	s->result = STS_SHARE_NOTHING;
}

void
sts_share_close(struct sts_share *s)
{
	for (unsigned i = 0; i < STS_SHARE_LEGS; i++) {
		sts_leg_stop(&s->legs, i);
	}
	sts_dial_stop(&s->dial);
	if (s->tls != NULL) {
		sts_tls_end(s->tls);
	}
	sts_share_reply_clear(s);
	sts_share_send_clear(s);
	s->state = STS_SHARE_CLOSING;
}

/* How long to rest: a quarter more or less, so that gateways do not come back
 * all at once. */
static uint32_t
rest_ms(struct sts_share *s)
{
	uint32_t ms = STS_SHARE_AGAIN_MS;

	if (s->failures >= STS_SHARE_FAILURES) {
		s->rest_ms = s->rest_ms == 0 ? (uint32_t)STS_SHARE_REST_MS
					     : s->rest_ms * 2;
		if (s->rest_ms > STS_SHARE_REST_MAX_MS) {
			s->rest_ms = STS_SHARE_REST_MAX_MS;
		}
		ms = s->rest_ms;
	}
	return ms - ms / 4 + ms / 2 * s->rnd[STS_SHARE_RND - 1] / UINT8_MAX;
}

static void
next_server(struct sts_share *s)
{
	s->moved = false;
	s->at = (uint8_t)((s->at + 1) % s->setup->server_count);
}

/* To be called while the connection is up, more often than milliseconds
 * wrap. */
void
sts_share_settled(struct sts_share *s)
{
	if (!sts_before(s->now, s->up_at + SETTLED_MS)) {
		s->failures = s->moves = 0;
		s->rest_ms = 0;
	}
}

void
sts_share_fail(
    struct sts_share *s, enum sts_share_trouble trouble, enum sts_why why)
{
	bool was_up = s->state == STS_SHARE_UP;

	STS_ASSERT(s->state != STS_SHARE_OFF && s->state != STS_SHARE_CLOSING);
	if (was_up) {
		sts_share_settled(s);
	}
	s->failures = (uint8_t)(s->failures + (s->failures < UINT8_MAX));
	s->why = (uint8_t)why;
	sts_share_close(s);
	s->rest_at = s->now + rest_ms(s);
	if (trouble == STS_TROUBLE_MOVED && s->moves < MOVES_MAX) {
		s->moves++;
		s->moved = true;
		s->rest_at = s->now;
		return;
	}
	next_server(s);
	if (trouble == STS_TROUBLE_CONFIG) {
		s->news |= STS_SHARE_NEWS_CONFIG;
		s->rest_at = s->now + CONFIG_REST_MS;
	}
	if (was_up || !s->announced) {
		s->announced = true;
		s->news |= STS_SHARE_NEWS_DOWN;
	}
}

/* The connection is established, over TLS if the setup wants that. */
void
sts_share_greet(struct sts_share *s)
{
	s->state = STS_SHARE_HELLO;
	s->reply_until = s->now + STS_SHARE_REPLY_MS;
	sts_share_reply_clear(s);
	sts_share_send_clear(s);
	sts_share_send_hello(s);
}

static void
set_up(struct sts_share *s)
{
	s->state = STS_SHARE_SETUP;
	sts_share_send_setup(s);
}

void
sts_share_greeted(struct sts_share *s, bool old)
{
	bool named = s->setup->master[0] != '\0';

	s->old = old || s->peer.proto != 3;
	if (old) {
		sts_share_send_auth(s);
	}
	/* If a replica answers as the master, Sentinel has not noticed yet. */
	if (s->peer.sentinel != (named && !s->moved) ||
	    (!s->peer.sentinel && named && s->peer.replica)) {
		sts_share_fail(s, STS_TROUBLE_SERVER, STS_WHY_SHARE_MASTER);
	} else if (s->peer.sentinel) {
		s->state = STS_SHARE_SENTINEL;
		sts_share_send_sentinel(s);
	} else {
		set_up(s);
	}
}

void
sts_share_master(struct sts_share *s)
{
	sts_share_close(s);
	s->moved = true;
	s->rest_at = s->now;
}

void
sts_share_ready(struct sts_share *s)
{
	s->state = STS_SHARE_UP;
	s->announced = true;
	s->up_at = s->heard_at = s->now;
	s->scan_at = s->now;
	s->scanning = false;
	s->news |= STS_SHARE_NEWS_UP | STS_SHARE_NEWS_ROOM;
}
