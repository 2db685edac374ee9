/* SPDX-License-Identifier: MIT */
/* The answer of `mtasts query` as JSON: of its first line a few members. */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../port/posix/posix.h"
#include "../../port/posix/socket.h"
#include "check_agent.h"
#include "control_client.h"
#include "control_request.h"
#include "fields.h"

enum {
	PIECE = 1024,
	WAIT_MS = 20000
};

static bool
send_request(int fd, struct sts_text domain)
{
	static struct sts_control_request r;
	static uint8_t out[STS_CONTROL_REQUEST_MAX];
	size_t off = 0, n;

	memset(&r, 0, sizeof r);
	r.command = STS_CONTROL_QUERY;
	memcpy(r.key, domain.p, domain.n);
	n = sts_control_request_write(&r, out);
	while (off < n) {
		ssize_t k = send(fd, out + off, n - off, MSG_NOSIGNAL);

		if (k <= 0) {
			return false;
		}
		off += (size_t)k;
	}
	return n > 0;
}

/* Take what belongs to the first object. False: it is over. */
static bool
take(struct sts_json *j, struct sts_fields *f, struct sts_text in)
{
	while (in.n > 0) {
		enum sts_json_event event;
		size_t n = sts_json_read(j, in, &event);

		in = sts_text(in.p + n, in.n - n);
		if (event == STS_JSON_OBJECT_END || event == STS_JSON_ERROR ||
		    event == STS_JSON_LIMIT) {
			return false;
		}
		if (sts_json_depth(j) == 1 && event >= STS_JSON_NAME) {
			(void)sts_fields_add(f, event, sts_json_text(j));
		}
	}
	return true;
}

static void
read_answer(int fd, struct sts_fields *f)
{
	static struct sts_json j;
	uint8_t buf[PIECE];
	sts_ms until = sts_posix_now() + WAIT_MS;
	bool more = true;

	sts_json_begin(&j);
	while (more) {
		struct pollfd p = { fd, POLLIN, 0 };
		sts_ms now = sts_posix_now();

		/* Negative milliseconds would wait for ever. */
		if (!sts_before(now, until) ||
		    poll(&p, 1, (int)(until - now)) <= 0) {
			return;
		}
		ssize_t n = recv(fd, buf, sizeof buf, 0);

		more = n > 0 && take(&j, f, sts_text(buf, (size_t)n));
	}
}

static void
copy(char *to, size_t size, const struct sts_fields *f, const char *name)
{
	const char *value = sts_fields_get(f, name);
	size_t n = value != NULL ? strlen(value) : 0;

	n = n < size - 1 ? n : size - 1;
	memcpy(to, value != NULL ? value : "", n);
	to[n] = '\0';
}

void
sts_check_agent_ask(struct sts_check_agent *a,
    const struct sts_listen_at *control, struct sts_text domain)
{
	static struct sts_fields f;
	int fd = sts_control_client_connect(control);

	if (fd < 0) {
		return;
	}
	sts_fields_begin(&f);
	if (send_request(fd, domain)) {
		read_answer(fd, &f);
	}
	close(fd);
	copy(a->result, sizeof a->result, &f, "result");
	copy(a->held, sizeof a->held, &f, "held");
	copy(a->mode, sizeof a->mode, &f, "mode");
	copy(a->id, sizeof a->id, &f, "id");
	copy((char *)a->answer.text, sizeof a->answer.text, &f, "answer");
	a->answer.len = (uint16_t)strlen((const char *)a->answer.text);
	a->there = a->result[0] != '\0';
}
