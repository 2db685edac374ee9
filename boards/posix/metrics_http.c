/* SPDX-License-Identifier: MIT */
/* The daemon's metrics over HTTP. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../port/posix/service.h"
#include "metrics_http.h"

enum {
	MEMORY_UNIT = 16, /* of STS_METRIC_MEMORY */
	LEFT_OUT = 1 /* the second value of STS_METRIC_ANCHORS */
};

STS_STATIC_ASSERT((int)STS_SCRAPE_MAX <= (int)STS_SIDE_BUFFER, a_request_fits);

static void
look(const struct sts_metrics_http *m, struct sts_metrics_values *v)
{
	const struct sts_live_set *s = sts_live_now(m->live);
	const struct sts_roots *own = sts_live_share_roots(s);

	sts_agent_metrics(m->agent, v);
	v->n[STS_METRIC_MEMORY] = (uint32_t)(m->memory->size / MEMORY_UNIT);
	v->n[STS_METRIC_JOURNAL] = sts_journal_child_keeping(m->journal);
	v->n[STS_METRIC_START_TIME] = m->start_s;
	v->n[STS_METRIC_LOG_LOST] = m->live->log->lost;
	v->n[STS_METRIC_ANCHORS] = s->roots.set.count;
	v->n[STS_METRIC_ANCHORS + LEFT_OUT] =
	    s->roots.left_out + (own != NULL ? own->left_out : 0);
	v->n[STS_METRIC_REPORT_REFUSED] = sts_posix_reports_refused(m->posix);
	v->n[STS_METRIC_OFF_UNTIL] = sts_agent_off_s(m->agent);
}

static bool
request(void *ctx, unsigned conn, struct sts_text in, bool last)
{
	struct sts_metrics_http *m = ctx;
	enum sts_scrape status = sts_scrape_judge(in, last && in.n > 0);

	if (status == STS_SCRAPE_MORE) {
		return false;
	}
	m->answer[conn].status = status;
	m->answer[conn].begun = false;
	m->answer[conn].off = 0;
	if (status == STS_SCRAPE_OK) {
		look(m, &m->answer[conn].values);
	}
	return true;
}

static int
put_header(enum sts_scrape status, size_t len, struct sts_span out)
{
	const char *reason = "OK", *more = "";

	if (status == STS_SCRAPE_BAD) {
		reason = "Bad Request";
	} else if (status == STS_SCRAPE_NOT_FOUND) {
		reason = "Not Found";
	} else if (status == STS_SCRAPE_METHOD) {
		reason = "Method Not Allowed";
		more = "Allow: GET\r\n";
	}
	return snprintf((char *)out.p, out.n,
	    "HTTP/1.1 %d %s\r\nContent-Type: text/plain; version=0.0.4\r\n"
	    "Content-Length: %lu\r\n%sCache-Control: no-store\r\n"
	    "Connection: close\r\n\r\n",
	    (int)status, reason, (unsigned long)len, more);
}

/* The header is the first piece; then what there is of the body. */
static int
fill(void *ctx, unsigned conn, struct sts_span out)
{
	struct sts_metrics_http *m = ctx;
	const struct sts_metrics_values *v = &m->answer[conn].values;
	bool ok = m->answer[conn].status == STS_SCRAPE_OK;

	if (!m->answer[conn].begun) {
		m->answer[conn].begun = true;
		return put_header(
		    m->answer[conn].status, ok ? sts_metrics_len(v) : 0, out);
	}
	size_t n = ok ? sts_metrics_render(v, m->answer[conn].off, out) : 0;

	m->answer[conn].off += n;
	return n > 0 ? (int)n : (int)STS_SIDE_END;
}

static const struct sts_side_ops ops = { request, fill, NULL,
	STS_METRICS_TOTAL_MS, STS_METRICS_TOTAL_MS, STS_METRICS_TOTAL_MS };

/* Take over the supervisor's socket, if it has one for us. */
static bool
inherit(struct sts_metrics_http *m)
{
	int handed = sts_service_fds();
	char name[STS_SERVICE_NAME_MAX + 1];
	struct sts_listen_at at;

	for (int i = 0; i < handed; i++) {
		int fd = STS_SERVICE_FD_FIRST + i;

		sts_service_fd_name(i, name);
		if (strcmp(name, "metrics") == 0 && sts_listen_of(fd, &at) &&
		    !at.datagrams) {
			sts_side_inherit(&m->side, fd, &at);
			return true;
		}
	}
	return false;
}

bool
sts_metrics_http_open(struct sts_metrics_http *m, const struct sts_conf *c,
    char why[STS_CONF_WHY_MAX])
{
	sts_side_none(&m->side);
	if (inherit(m) || !c->metrics_on) {
		return true;
	}
	if (sts_side_open(&m->side, &c->metrics) != 0) {
		char text[STS_LISTEN_TEXT_MAX];
		const char *error = sts_listen_error(&c->metrics, errno);

		sts_listen_format(&c->metrics, text);
		snprintf(why, STS_CONF_WHY_MAX, "metrics %s: %s", text, error);
		return false;
	}
	return true;
}

bool
sts_metrics_http_begin(struct sts_metrics_http *m, struct sts_posix *posix,
    unsigned own, const struct sts_agent *agent, const struct sts_live *live,
    const struct sts_memory *memory, const struct sts_journal_child *journal)
{
	int64_t wall_s = sts_posix_wall_s();

	m->agent = agent;
	m->live = live;
	m->memory = memory;
	m->journal = journal;
	m->start_s = wall_s < 0 ? 0 : (uint32_t)wall_s;
	m->posix = posix;
	return sts_side_begin(&m->side, posix, own, &ops, m);
}

sts_ms
sts_metrics_http_run(struct sts_metrics_http *m, sts_ms now)
{
	return sts_side_run(&m->side, now);
}

void
sts_metrics_http_end(struct sts_metrics_http *m)
{
	sts_side_end(&m->side);
}
