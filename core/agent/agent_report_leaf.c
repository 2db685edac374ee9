/* SPDX-License-Identifier: MIT */
/* TLS reporting: the mail of a report as a leaf that may rest, which
 * core/smtp/smtp_submit.h knows nothing of. */
#include "agent.h"

static unsigned
mail_wants(const void *e)
{
	const struct sts_report_leaf *m = e;

	return m->busy ? sts_smtp_submit_ops.wants(&m->submit) : 0;
}

static const struct sts_addr *
mail_peer(const void *e)
{
	return sts_smtp_submit_ops.peer(e);
}

static void
mail_opened(void *e)
{
	sts_smtp_submit_ops.opened(e);
}

static void
mail_lost(void *e, int why)
{
	sts_smtp_submit_ops.lost(e, why);
}

static struct sts_span
mail_recv_buf(const void *e, struct sts_span lent)
{
	return sts_smtp_submit_ops.recv_buf(e, lent);
}

static void
mail_recv_ack(void *e, struct sts_span got)
{
	sts_smtp_submit_ops.recv_ack(e, got);
}

static struct sts_text
mail_send_buf(const void *e, struct sts_span lent)
{
	return sts_smtp_submit_ops.send_buf(e, lent);
}

static void
mail_send_ack(void *e, size_t n)
{
	sts_smtp_submit_ops.send_ack(e, n);
}

static void
mail_work(void *e)
{
	sts_smtp_submit_ops.work(e);
}

static void
mail_tick(void *e, sts_ms now, int64_t wall_s)
{
	const struct sts_report_leaf *m = e;

	if (m->busy) {
		sts_smtp_submit_ops.tick(e, now, wall_s);
	}
}

static bool
mail_deadline(const void *e, sts_ms *at)
{
	const struct sts_report_leaf *m = e;

	return m->busy && sts_smtp_submit_ops.deadline(e, at);
}

const struct sts_engine_ops sts_report_leaf_ops = {
	.wants = mail_wants,
	.peer = mail_peer,
	.opened = mail_opened,
	.lost = mail_lost,
	.recv_buf = mail_recv_buf,
	.recv_ack = mail_recv_ack,
	.send_buf = mail_send_buf,
	.send_ack = mail_send_ack,
	.work = mail_work,
	.tick = mail_tick,
	.deadline = mail_deadline,
};
