/* SPDX-License-Identifier: MIT */
/*
 * The control socket of the daemon: a request (control_request.h), the answer,
 * the end of the connection. An answer is JSON, an object a line, and its last
 * line is {"end":N}, where N is the exit code of the command; without that
 * line the answer was cut. Who may connect is decided by the socket's file
 * mode, and whoever may connect may give every order.
 *
 * Questions go to the agent as a mail server's do and wait as long. Commands
 * that walk over everything that is held do so in steps of a bounded number of
 * records, and mail servers are served between the steps.
 */
#ifndef STS_CONTROL_H
#define STS_CONTROL_H

#include "control_record.h"
#include "control_report.h"
#include "control_request.h"
#include "live.h"
#include "side.h"
#include "status.h"

enum {
	STS_CONTROL_ASKS = STS_SIDE_CONNS, /* questions by the C API at once */
	STS_CONTROL_BUCKETS =
	    256, /* of the cache's index, looked at in a step */
	STS_CONTROL_FORGETS = 32, /* and in one that may write the journal */
	STS_CONTROL_LIST_ROOM = 1024, /* for a record of the list */
	STS_CONTROL_SAVE_MS = 5000, /* waited for what is to be forgotten */
	STS_CONTROL_RETRY_MS = 2000 /* between two tries to open it */
};

struct sts_control_conn {
	struct sts_control_request request;
	const char *wrong; /* with the request; NULL: nothing */
	uint8_t stage;
	uint8_t code; /* exit code */
	int slot; /* of the question; -1: none */
	uint32_t count; /* records forgotten */
	bool kept_out; /* what an unread journal has of them stays out */
	sts_ms until;
	size_t off; /* in the record: where its next window begins */
	struct sts_walk walk;
	bool walked; /* it is over */
	struct sts_control_record record;
	struct sts_control_report report;
	struct sts_json_put put; /* of a report, from piece to piece */
	struct sts_status status; /* SURVEY, STATUS */
};

struct sts_control {
	/* Private. */
	struct sts_agent *agent;
	struct sts_driver *driver;
	struct sts_live *live;
	struct sts_status_of of;
	struct sts_history history; /* since sts_control_begin */
	struct sts_posix *posix;
	struct sts_log *log;
	struct sts_listen_at at;
	unsigned own;
	int error; /* errno: why it is not open, though it is to be */
	bool chrooted;
	sts_ms now, retry_at;
	struct sts_side side;
	struct sts_control_conn conn[STS_SIDE_CONNS];
};

/*
 * Open the socket that the configuration asks for, before rights are given up.
 * If it cannot be opened, that is logged, and the daemon serves without it and
 * tries again: the instance that has it ends, a disk has room again. Under
 * chroot the path means another place, and it is not tried again.
 */
void sts_control_open(
    struct sts_control *c, const struct sts_conf *conf, struct sts_log *log);

/* Serve from now on; by STS_SIDE_OWN places of the port from `own`. What `of`
 * points to stays valid; its history is kept here. */
bool sts_control_begin(struct sts_control *c, struct sts_posix *posix,
    unsigned own, struct sts_driver *driver, const struct sts_status_of *of);

/* After each sts_run. Milliseconds until the next call; 0: at once. */
sts_ms sts_control_run(struct sts_control *c, sts_ms now);

/* Close all. */
void sts_control_end(struct sts_control *c);

#endif
