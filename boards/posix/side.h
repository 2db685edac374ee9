/* SPDX-License-Identifier: MIT */
/*
 * A listener beside those of the mail servers, for control and metrics: a
 * handful of connections, on each one request, then an answer that is produced
 * piece by piece, then the end. All memory is in the struct, and nothing here
 * blocks: the daemon's wait ends when something is to be done, and
 *
 *	wait = sts_earlier(wait, sts_side_run(&side, now));
 *
 * after each sts_run does one bounded step of it for every connection, so that
 * mail servers do not notice.
 *
 *	READING --request()--> ANSWERING --fill() ends, all is sent--> closed
 *
 * One buffer serves both: it holds the request until that is whole, then the
 * piece of the answer that is under way. More clients than there are
 * connections wait in the listener's queue.
 */
#ifndef STS_SIDE_H
#define STS_SIDE_H

#include "../../port/posix/listen.h"
#include "../../port/posix/posix.h"

enum {
	STS_SIDE_CONNS = 8,
	STS_SIDE_OWN = STS_SIDE_CONNS + 1, /* places of sts_posix_own */
	STS_SIDE_BUFFER = 2048, /* longest request; piece of an answer */

	/* Results of fill that are no count. */
	STS_SIDE_LATER = 0,
	STS_SIDE_END = -1,
	STS_SIDE_GO_ON = -2
};

/* What is asked and answered on a side. conn: 0..STS_SIDE_CONNS-1. */
struct sts_side_ops {
	/*
	 * `in` is all that has come; last: no more will, because the peer has
	 * closed its side or the buffer is full. True: it is a request, or will
	 * never be one; what is needed of it has been copied, and fill is next.
	 * False: more is needed; if that was the last, the connection is closed
	 * without a word.
	 */
	bool (*request)(
	    void *ctx, unsigned conn, struct sts_text in, bool last);
	/*
	 * Write 1..out.n octets of the answer into out and return how many;
	 * LATER: there is nothing yet, it is called at each run until there is;
	 * GO_ON: the same, and there is more to do at once; END: that was all.
	 */
	int (*fill)(void *ctx, unsigned conn, struct sts_span out);
	/* It is over, after whatever part of the answer: once for each request
	 * that was true. NULL: nobody wants to know. */
	void (*closed)(void *ctx, unsigned conn);
	/* Deadlines, after which it is closed. */
	sts_ms request_ms; /* for the request, from the connect */
	sts_ms stall_ms; /* while octets wait and the peer takes none */
	sts_ms total_ms; /* for all, from the connect */
};

struct sts_side_conn {
	/* Private. */
	uint8_t state;
	bool ended; /* fill returned that this was all */
	uint16_t off,
	    len; /* buf[off..len) is to be sent; in READING [0..len) */
	int fd;
	sts_ms total_at, until; /* whichever comes first */
	uint8_t *buf; /* of STS_SIDE_BUFFER octets */
};

struct sts_side {
	/* Private. */
	const struct sts_side_ops *ops;
	void *ctx;
	struct sts_posix *posix; /* NULL: not begun */
	unsigned own; /* the listener's place, the connections' follow */
	int fd; /* the listener; -1: none */
	bool inherited, accepting;
	sts_ms accept_at; /* when not accepting: out of descriptors till then */
	struct sts_listen_at at;
	unsigned open; /* connections */
	struct sts_side_conn conn[STS_SIDE_CONNS];
	uint8_t room[STS_SIDE_CONNS][STS_SIDE_BUFFER]; /* their buffers */
};

/*
 * Open the listener; nobody is served yet. 0, or -1 with errno, and then all
 * other calls do nothing. sts_side_none says that there shall be none.
 */
int sts_side_open(struct sts_side *s, const struct sts_listen_at *at);
void sts_side_none(struct sts_side *s);

/*
 * The same with a listening socket that the supervisor opened: at says where.
 */
void sts_side_inherit(
    struct sts_side *s, int fd, const struct sts_listen_at *at);

/* Serve from now on, by STS_SIDE_OWN of the port's own places from `own`.
 * False: the system is short of something (errno); the listener is closed then,
 * so that nobody waits there in vain. */
bool sts_side_begin(struct sts_side *s, struct sts_posix *posix, unsigned own,
    const struct sts_side_ops *ops, void *ctx);

/* Whether there is a listener. */
bool sts_side_is_open(const struct sts_side *s);

/* One step for every connection that has something to do. Returns the
 * milliseconds until the next call at the latest; 0: at once. */
sts_ms sts_side_run(struct sts_side *s, sts_ms now);

/* Close all, and remove a local socket's path. */
void sts_side_end(struct sts_side *s);

#endif
