/* SPDX-License-Identifier: MIT */
/*
 * A leg: one question to the name servers, a leaf of a composite that has
 * several of them (lookup.h, core/dane/dane_hosts.h). The composite starts a
 * leg, reads records in its own recv_ack, and in its child() learns that the
 * leg is over. How legs borrow buffers from the composite's owner and give them
 * back is the same for all composites, and is here too.
 *
 *	const struct sts_engine_ops sts_x_leg_ops = STS_LEG_OPS(x_recv_ack);
 *
 *	sts_leg_start(&x->legs, i, servers, health, name, STS_DNS_MX, ...);
 *	in recv_ack:  sts_upstream_recv_ack(&leg->up, got); ... read records ...
 *	in child(i):  if (sts_leg_over(&x->legs, i)) ... read the result ...
 *	in wants():   sts_legs_want_owner(&x->legs)
 *	in stirred(): sts_legs_stirred(&x->legs)
 */
#ifndef STS_LEG_H
#define STS_LEG_H

#include "../../dns/upstream.h"
#include "../base/sts_config.h"

/* The legs of a composite that looks up TXT, or a host's addresses. */
enum {
	STS_LEG_TXT = 0,
	STS_LEG_AAAA = 0,
	STS_LEG_A = 1,
	/* Without IPv6 the first leg has nothing but the result of TXT. */
	STS_LEG_FIRST_ADDRESS = STS_INET6 ? STS_LEG_AAAA : STS_LEG_A
};

struct sts_leg {
	struct sts_upstream up;
	void *owner; /* the composite */

	/* Private. */
	bool busy; /* has a question, or a channel still to be closed */
	bool
	    stopping; /* given up; wants its owner once the channel is closed */
	bool starved; /* its owner knows that it needs a buffer */
	uint8_t *spare; /* a buffer it is done with */
};

/* The legs of one composite. */
struct sts_legs {
	/* Private. */
	struct sts_leg *leg;
	uint8_t count;
	uint8_t stir; /* bit a leg */
	bool starved_asked; /* the owner knows that a leg needs a buffer */

	/* The agent's: the queue of those that wait for a buffer. */
	bool starves;
	uint16_t next_starved;
};

/* Once. leg: `count` legs, at most 8, that stay where they are. */
void sts_legs_init(
    struct sts_legs *legs, struct sts_leg *leg, unsigned count, void *owner);

/* Ask with leg i, which must not be busy; see sts_upstream_start. */
void sts_leg_start(struct sts_legs *legs, unsigned i,
    const struct sts_dns_servers *servers, struct sts_dns_health *health,
    struct sts_dns_name_parts name, uint16_t type, sts_ms now,
    uint32_t budget_ms, const uint8_t rnd[STS_DNS_RND]);

/* Give leg i up, if it is busy: it is over as soon as its channel is closed. */
void sts_leg_stop(struct sts_legs *legs, unsigned i);

/* Leg i wanted its owner. True: it is over, and sts_upstream_result has the
 * result. False: it needs a buffer. */
bool sts_leg_over(struct sts_legs *legs, unsigned i);

/* Whether any leg is busy. */
bool sts_legs_busy(const struct sts_legs *legs);

/* No leg is busy: forget that the owner was asked for a buffer. */
void sts_legs_rest(struct sts_legs *legs);

/* Whether a leg needs a buffer, or is done with one. */
bool sts_legs_want_owner(const struct sts_legs *legs);

/* The time that the busy legs have lost so far by a shortage of ours. */
uint32_t sts_legs_ours_ms(const struct sts_legs *legs, sts_ms now);

/*
 * Whether a leg waits for a buffer to receive by TCP. The owner answers by
 * sts_legs_lend, now, or later after sts_legs_starve, which makes the leg wait
 * without asking again. lend returns false if the buffer is not needed any
 * more; still_starve answers that beforehand: if it returns false, lend need
 * not be called.
 */
bool sts_legs_need_buffer(const struct sts_legs *legs);
void sts_legs_starve(struct sts_legs *legs);
bool sts_legs_still_starve(struct sts_legs *legs);
bool sts_legs_lend(struct sts_legs *legs, uint8_t *buf, size_t size);

/* A buffer that was lent and is no longer needed; NULL: none. To be taken
 * before another is lent, maybe after the leg's next question has begun. */
uint8_t *sts_legs_spare_buffer(struct sts_legs *legs);

/* The composite's `stirred`. */
int sts_legs_stirred(struct sts_legs *legs);

/* The operations of a leg that are the same for all composites. */
unsigned sts_leg_wants(const void *e);
const struct sts_addr *sts_leg_peer(const void *e);
void sts_leg_opened(void *e);
void sts_leg_lost(void *e, int why);
struct sts_span sts_leg_recv_buf(const void *e, struct sts_span lent);
struct sts_text sts_leg_send_buf(const void *e, struct sts_span lent);
void sts_leg_send_ack(void *e, size_t n);
void sts_leg_tick(void *e, sts_ms now, int64_t wall_s);
bool sts_leg_deadline(const void *e, sts_ms *at);

#define STS_LEG_OPS(take)                                                      \
	{                                                                      \
		.wants = sts_leg_wants, .peer = sts_leg_peer,                  \
		.opened = sts_leg_opened, .lost = sts_leg_lost,                \
		.recv_buf = sts_leg_recv_buf, .recv_ack = (take),              \
		.send_buf = sts_leg_send_buf, .send_ack = sts_leg_send_ack,    \
		.tick = sts_leg_tick, .deadline = sts_leg_deadline,            \
	}

#endif
