/* SPDX-License-Identifier: MIT */
/* port/posix against the contract, and what only POSIX has. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "../../port/posix/addr.h"
#include "../../port/posix/entropy.h"
#include "../../port/posix/listen.h"
#include "../../port/posix/posix.h"
#include "../../port/posix/socket.h"
#include "../../port/posix/socket_drawn.h"
#include "../port_contract.h"
#include "unit.h"

const char unit_name[] = "port_posix";

enum {
	IN_FLIGHT = 8 /* packets that TCP sends without an acknowledgement */
};

static struct sts_posix posix;
static struct sts_port port;

static void
begin(void)
{
	static uint64_t memory[1024];

	ck_assert_uint_le(sts_posix_size(CONTRACT_CHANNELS), sizeof memory);
	memset(memory, 0, sizeof memory);
	ck_assert_int_eq(
	    sts_posix_init(&posix, CONTRACT_CHANNELS, memory, &port), 0);
}

static void
rig_wait(void *rig, sts_ms ms)
{
	sts_posix_wait(rig, NULL, ms);
}

static struct sts_listen_at
loopback(const char *ip)
{
	struct sts_listen_at at;

	memset(&at, 0, sizeof at);
	ck_assert(sts_addr_parse(unit_span(ip), &at.addr));
	return at;
}

static const char *rig_ip;

static void
rig_listener(void *rig, sts_ch ch, struct sts_addr *addr)
{
	struct sts_listen_at at = loopback(rig_ip);
	int fd = sts_listen_open(&at);

	ck_assert_int_ge(fd, 0);
	ck_assert(sts_listen_of(fd, &at));
	*addr = at.addr;
	ck_assert_int_eq(sts_posix_listen(rig, ch, fd), 0);
}

/* A local port that was free a moment ago; *fd is bound to it. */
static uint16_t
free_port(const struct sts_addr *self, int type, int *fd)
{
	struct sockaddr_storage s;
	struct sts_addr a;
	socklen_t len = sts_addr_to_socket(self, &s);

	*fd = socket(s.ss_family, type, 0);
	ck_assert_int_ge(*fd, 0);
	ck_assert_int_eq(bind(*fd, (struct sockaddr *)&s, len), 0);
	ck_assert_int_eq(getsockname(*fd, (struct sockaddr *)&s, &len), 0);
	ck_assert(sts_addr_from_socket(&s, &a));
	return a.port;
}

static void
run_contract(const char *ip)
{
	struct contract_rig rig;
	int fd[4];

	begin();
	memset(&rig, 0, sizeof rig);
	rig.port = &port;
	rig.rig = &posix;
	rig.wait = rig_wait;
	rig.listener = rig_listener;
	rig_ip = ip;
	rig.self = loopback(ip).addr;
	for (int i = 0; i < 4; i++) {
		rig.free_port[i] = free_port(&rig.self, SOCK_DGRAM, &fd[i]);
	}
	for (int i = 0; i < 4; i++) {
		close(fd[i]);
	}
	port_contract(&rig);
	sts_posix_end(&posix);
}

START_TEST(the_contract_holds_over_ipv4)
{
	run_contract("127.0.0.1");
}
END_TEST

START_TEST(the_contract_holds_over_ipv6)
{
	struct sts_listen_at at = loopback("::1");
	int fd = sts_listen_open(&at);

	if (fd >= 0) { /* else the machine has no IPv6 */
		close(fd);
		run_contract("::1");
	}
}
END_TEST

static const struct {
	int err, want;
} errors[] = {
	{ EAGAIN, STS_IO_AGAIN },
	{ EINTR, STS_IO_AGAIN },
	{ ECONNREFUSED, STS_IO_REFUSED },
	{ ECONNRESET, STS_IO_RESET },
	{ EPIPE, STS_IO_RESET },
	{ EMFILE, STS_IO_LIMIT },
	{ ENFILE, STS_IO_LIMIT },
	{ EADDRINUSE, STS_IO_LIMIT },
	{ ENETUNREACH, STS_IO_UNREACHABLE },
	{ EHOSTUNREACH, STS_IO_UNREACHABLE },
	{ ETIMEDOUT, STS_IO_UNREACHABLE },
	{ EADDRNOTAVAIL, STS_IO_UNREACHABLE },
	{ EAFNOSUPPORT, STS_IO_UNREACHABLE },
	{ EHOSTDOWN, STS_IO_UNREACHABLE },
	{ EACCES, STS_IO_UNREACHABLE },
	{ EPERM, STS_IO_UNREACHABLE },
	{ EBADF, STS_IO_RESET },
};

START_TEST(each_system_error_has_its_meaning)
{
	for (size_t i = 0; i < UNIT_COUNT(errors); i++) {
		unit_int(strerror(errors[i].err),
		    sts_socket_error(errors[i].err), errors[i].want);
	}
	unit_int("a moment's shortage", sts_socket_transfer_error(ENOBUFS),
	    STS_IO_AGAIN);
}
END_TEST

/* What the system lacks when a socket is connected. */
static enum {
	LACKS_NOTHING,
	LACKS_PORTS, /* for streams; datagrams have ports of their own */
	LACKS_SOURCE /* an address to connect from */
} lacks;

int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);

int
__wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	int type = 0;
	socklen_t n = sizeof type;

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n);
	if (lacks == LACKS_SOURCE ||
	    (lacks == LACKS_PORTS && type == SOCK_STREAM)) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	return __real_connect(fd, to, len);
}

/* When our own ports are all taken, that proves nothing about the peer; when no
 * address to connect from exists, it does. The system reports both alike. */
START_TEST(taken_ports_prove_nothing_about_the_peer)
{
	static const struct {
		const char *name, *peer;
		int lacks, want;
	} cases[] = {
		{ "ports", "127.0.0.1", LACKS_PORTS, STS_IO_LIMIT },
		{ "source", "127.0.0.1", LACKS_SOURCE, STS_IO_UNREACHABLE },
		{ "source, IPv6", "2001:db8::1", LACKS_SOURCE,
		    STS_IO_UNREACHABLE },
	};

	begin();
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_addr peer;

		ck_assert(sts_addr_parse(unit_span(cases[i].peer), &peer));
		peer.port = 443;
		lacks = cases[i].lacks;
		unit_int(cases[i].name, port.stream(port.ctx, 0, &peer),
		    cases[i].want);
		lacks = LACKS_NOTHING;
	}
	sts_posix_end(&posix);
}
END_TEST

/* The error of the next binds; 0: they succeed. */
static int bind_error;

int __real_bind(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_bind(int fd, const struct sockaddr *to, socklen_t len);

int
__wrap_bind(int fd, const struct sockaddr *to, socklen_t len)
{
	errno = bind_error;
	return bind_error != 0 ? -1 : __real_bind(fd, to, len);
}

/* Only what another port, or a moment, may mend is our shortage. What the
 * machine forbids may last, and then other name servers are to be asked. */
START_TEST(a_port_that_is_forbidden_for_good_is_no_shortage)
{
	static const struct {
		int err, want;
	} cases[] = {
		{ EADDRINUSE, STS_IO_LIMIT },
		{ EACCES, STS_IO_LIMIT },
		{ ENOBUFS, STS_IO_LIMIT },
		{ ENOMEM, STS_IO_LIMIT },
		{ EPERM, STS_IO_UNREACHABLE },
		{ EADDRNOTAVAIL, STS_IO_UNREACHABLE },
		{ EAFNOSUPPORT, STS_IO_UNREACHABLE },
	};
	struct sts_addr peer;

	begin();
	ck_assert(sts_addr_parse(unit_span("127.0.0.1"), &peer));
	peer.port = 53;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		bind_error = cases[i].err;
		unit_int(strerror(cases[i].err),
		    port.dgram(port.ctx, 0, &peer, 0), cases[i].want);
	}
	bind_error = 0;
	unit_int("none", port.dgram(port.ctx, 0, &peer, 0), 0);
	sts_posix_end(&posix);
}
END_TEST

/* The error of the next sends; 0: they succeed. */
static int send_error;

ssize_t __real_send(int fd, const void *p, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *p, size_t n, int flags);

ssize_t
__wrap_send(int fd, const void *p, size_t n, int flags)
{
	errno = send_error;
	return send_error != 0 ? -1 : __real_send(fd, p, n, flags);
}

/* A datagram that this machine drops counts as lost on the way: a momentary
 * shortage here, also in the packet filter's table of connections, proves
 * nothing about the peer. */
START_TEST(a_datagram_dropped_here_is_lost_on_the_way)
{
	static const struct {
		int err, dgram, stream;
	} cases[] = {
		{ ENOBUFS, 3, STS_IO_AGAIN },
		{ ENOMEM, 3, STS_IO_AGAIN },
		{ EPERM, 3, STS_IO_UNREACHABLE },
		{ EAGAIN, STS_IO_AGAIN, STS_IO_AGAIN },
		{ ECONNREFUSED, STS_IO_REFUSED, STS_IO_REFUSED },
		{ EACCES, STS_IO_UNREACHABLE, STS_IO_UNREACHABLE },
		{ ENETUNREACH, STS_IO_UNREACHABLE, STS_IO_UNREACHABLE },
	};
	static const uint8_t octets[3] = { 1, 2, 3 };
	struct sts_addr peer;
	int pair[2], fd = socket(AF_INET, SOCK_DGRAM, 0);

	begin();
	ck_assert(sts_addr_parse(unit_span("127.0.0.1"), &peer));
	peer.port = 9;
	ck_assert_int_eq(port.dgram(port.ctx, 0, &peer, 0), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const char *name = strerror(cases[i].err);

		send_error = cases[i].err;
		unit_int(
		    name, port.send(port.ctx, 0, octets, 3), cases[i].dgram);
		unit_int(name, sts_socket_send(fd, sts_text(octets, 3)),
		    cases[i].dgram);
		unit_int(name, sts_socket_send(pair[0], sts_text(octets, 3)),
		    cases[i].stream);
	}
	send_error = 0;
	ck_assert_int_eq(sts_socket_send(pair[0], sts_text(octets, 3)), 3);
	close(pair[0]);
	close(pair[1]);
	close(fd);
	sts_posix_end(&posix);
}
END_TEST

/* Connect a plain socket to a listener on channel 0. Returns the socket. */
static int
raw_client(void)
{
	struct sts_addr at;
	struct sockaddr_storage s;

	rig_ip = "127.0.0.1";
	rig_listener(&posix, 0, &at);
	socklen_t len = sts_addr_to_socket(&at, &s);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&s, len), 0);
	return fd;
}

/* A server answers and resets before the connect was looked at: it was
 * connected, and what it sent can be read. Without octets, it was reset. */
START_TEST(what_came_before_a_reset_is_read)
{
	struct sts_addr at;
	struct sockaddr_storage s;
	uint8_t buf[8];

	begin();
	rig_ip = "127.0.0.1";
	rig_listener(&posix, 0, &at);
	socklen_t len = sts_addr_to_socket(&at, &s);

	for (ssize_t sent = 0; sent < 2; sent++) {
		int fd = sts_socket_connect_stream(&s, len);

		ck_assert_int_ge(fd, 0);
		int server = accept(posix.channel[0].fd, NULL, NULL);

		ck_assert_int_ge(server, 0);
		ck_assert_int_eq(send(server, "x", (size_t)sent, 0), sent);
		sts_socket_reset_on_close(server, true);
		close(server);
		unit_int("connected", sts_socket_connected(fd),
		    sent > 0 ? 0 : STS_IO_RESET);
		if (sent > 0) {
			unit_int(
			    "octets", sts_socket_recv(fd, buf, sizeof buf), 1);
			unit_int("then", sts_socket_recv(fd, buf, sizeof buf),
			    STS_IO_RESET);
		}
		/* It is never under way again. */
		unit_int("at last", sts_socket_connected(fd), STS_IO_RESET);
		close(fd);
	}
	sts_posix_end(&posix);
}
END_TEST

/* A client that has closed its sending side gets its answer and a FIN, no
 * reset. */
START_TEST(a_half_closed_client_gets_its_answer)
{
	uint8_t byte;
	char buf[16];

	begin();
	int fd = raw_client();

	ck_assert_int_eq(port.accept(port.ctx, 0, 1), 0);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	int n = STS_IO_AGAIN;

	for (int i = 0; i < 100 && n == STS_IO_AGAIN; i++) {
		sts_posix_wait(&posix, NULL, 10);
		/* nothing but the driver's channels has events */
		ck_assert(!sts_posix_others(&posix));
		n = port.recv(port.ctx, 1, &byte, 1);
	}
	ck_assert_int_eq(n, STS_IO_EOF);
	ck_assert_int_eq(port.send(port.ctx, 1, (const uint8_t *)"ok", 2), 2);
	port.close(port.ctx, 1);
	ck_assert_int_eq(recv(fd, buf, sizeof buf, 0), 2);
	ck_assert_int_eq(recv(fd, buf, sizeof buf, 0), 0);
	close(fd);
	sts_posix_end(&posix);
}
END_TEST

/* A listener that is shut down by another process which shares it gives no more
 * clients, and the port must not spin. */
static void
shut_down(int fd)
{
	ck_assert_int_eq(shutdown(fd, SHUT_RDWR), 0);
	sts_posix_wait(&posix, NULL, 20); /* the shutdown is reported, */
	sts_posix_wait(
	    &posix, NULL, 20); /* perhaps once more, and never again */
	sts_ms before = sts_posix_now();

	sts_posix_wait(&posix, NULL, 60);
	ck_assert(!sts_before(sts_posix_now(), before + 50));
	ck_assert_int_lt(port.accept(port.ctx, 0, 2), 0);
	sts_posix_end(&posix);
}

START_TEST(a_listener_shut_down_elsewhere_does_not_spin)
{
	begin();
	int fd = raw_client();

	ck_assert_int_eq(port.accept(port.ctx, 0, 1), 0);
	ck_assert_int_eq(port.accept(port.ctx, 0, 2), STS_IO_AGAIN);
	shut_down(posix.channel[0].fd);
	close(fd);
}
END_TEST

/* A client that ends must not make a channel spin on which nothing is
 * wanted. */
START_TEST(a_client_that_ends_unwatched_does_not_spin)
{
	begin();
	int fd = raw_client();

	ck_assert_int_eq(port.accept(port.ctx, 0, 1), 0);
	port.want(port.ctx, 1, 0);
	sts_socket_reset_on_close(fd, true);
	close(fd);
	sts_posix_wait(&posix, NULL, 20); /* one spurious wake is legal */
	sts_ms before = sts_posix_now();

	sts_posix_wait(&posix, NULL, 60);
	ck_assert(!sts_before(sts_posix_now(), before + 50));
	port.want(port.ctx, 1, STS_EV_RECV);
	uint8_t byte;

	sts_posix_wait(&posix, NULL, 60);
	ck_assert_int_eq(port.recv(port.ctx, 1, &byte, 1), STS_IO_RESET);
	sts_posix_end(&posix);
}
END_TEST

/* A reset must not discard octets that the peer may not have yet. The system
 * reports whether there are any; where it does not, the time since the last
 * send decides. */
START_TEST(a_reset_discards_no_octets_on_the_way)
{
	static const struct {
		const char *name;
		enum sts_unsent unsent;
		sts_ms quiet_ms;
		bool cuts;
	} cases[] = {
		{ "all arrived, just now", STS_UNSENT_NONE, 0, false },
		{ "some on the way", STS_UNSENT_SOME, 0, true },
		{ "some on the way for long", STS_UNSENT_SOME, 3600000, true },
		{ "unknown, just sent", STS_UNSENT_UNKNOWN, 0, true },
		{ "unknown, limit - 1", STS_UNSENT_UNKNOWN, STS_UNSENT_MS - 1,
		    true },
		{ "unknown, limit", STS_UNSENT_UNKNOWN, STS_UNSENT_MS, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		unit_int(cases[i].name,
		    sts_socket_reset_cuts(cases[i].unsent, cases[i].quiet_ms),
		    cases[i].cuts);
	}
	/* A descriptor that is no connection is not taken for a connection with
	 * no octets on the way. */
	int file = open("/dev/null", O_RDONLY);

	ck_assert_int_eq(sts_socket_unsent(file), STS_UNSENT_UNKNOWN);
	close(file);
	ck_assert_int_eq(sts_socket_unsent(file), STS_UNSENT_UNKNOWN);
}
END_TEST

/* A listener at that address, for both families if they are to share it; -1:
 * the machine has no IPv6. */
static int
raw_listener(const char *ip, struct sts_addr *at)
{
	struct sockaddr_storage s;
	int off = 0;

	ck_assert(sts_addr_parse(unit_span(ip), at));
	socklen_t len = sts_addr_to_socket(at, &s);
	int fd = socket(s.ss_family, SOCK_STREAM, 0);

	if (s.ss_family == AF_INET6) {
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	}
	if (bind(fd, (struct sockaddr *)&s, len) != 0 || listen(fd, 1) != 0) {
		close(fd);
		return -1;
	}
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&s, &len), 0);
	ck_assert(sts_addr_from_socket(&s, at));
	return fd;
}

/* An address; NULL: the one from which we would reach the world. */
static bool
find_peer(const char *ip, struct sts_addr *out)
{
	struct sockaddr_storage s;
	bool there = false;

	ck_assert(
	    sts_addr_parse(unit_span(ip != NULL ? ip : "192.0.2.1"), out));
	if (ip != NULL) {
		return true;
	}
	out->port = 9;
	socklen_t len = sts_addr_to_socket(out, &s);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	there = connect(fd, (struct sockaddr *)&s, len) == 0 &&
		getsockname(fd, (struct sockaddr *)&s, &len) == 0 &&
		sts_addr_from_socket(&s, out);
	close(fd);
	return there;
}

static void
acknowledge_late(int fd)
{
#ifdef TCP_QUICKACK
	int off = 0;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
#else
	(void)fd;
#endif
}

/* On loopback what was sent has arrived, though the peer takes its time to say
 * so: however the address is written, a reset takes nothing with it. */
START_TEST(what_was_sent_on_loopback_has_arrived)
{
	static const struct {
		const char *listens, *peer;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "0.0.0.0", "127.0.0.2" },
		{ "::1", "::1" },
		{ "::", "127.0.0.1" }, /* accepted from ::ffff:127.0.0.1 */
		{ "0.0.0.0", NULL }, /* our own address, if we have one */
		{ "::", NULL },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sockaddr_storage s;
		struct sts_addr at, peer;
		int listener = raw_listener(cases[i].listens, &at);

		if (listener < 0 || !find_peer(cases[i].peer, &peer)) {
			close(listener);
			continue;
		}
		peer.port = at.port;
		socklen_t len = sts_addr_to_socket(&peer, &s);
		int client = socket(s.ss_family, SOCK_STREAM, 0);

		ck_assert_int_eq(
		    connect(client, (struct sockaddr *)&s, len), 0);
		int fd = accept(listener, NULL, NULL);

		ck_assert_int_ge(fd, 0);
		sts_socket_no_delay(fd);
		for (unsigned k = 0; k < IN_FLIGHT; k++) {
			acknowledge_late(client);
			ck_assert_int_eq(send(fd, "x", 1, 0), 1);
			unit_int(cases[i].listens,
			    sts_socket_unsent(fd) == STS_UNSENT_SOME, false);
		}
		close(fd);
		close(client);
		close(listener);
	}
}
END_TEST

/* The clock goes on after 2038 on 32-bit machines, too. */
START_TEST(time_is_64_bits)
{
	ck_assert_uint_ge(sizeof(time_t), 8);
	ck_assert_uint_ge(sizeof(off_t), 8);
}
END_TEST

/* Without free descriptors every call returns LIMIT, and the client waits. */
START_TEST(without_descriptors_calls_return_limit)
{
	struct rlimit old, none;
	struct sts_addr peer = loopback("127.0.0.1").addr;

	begin();
	int fd = raw_client();

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	peer.port = 9;
	int a = port.accept(port.ctx, 0, 1);
	int s = port.stream(port.ctx, 1, &peer);
	int d = port.dgram(port.ctx, 1, &peer, 0);

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_int_eq(a, STS_IO_LIMIT);
	ck_assert_int_eq(s, STS_IO_LIMIT);
	ck_assert_int_eq(d, STS_IO_LIMIT);
	ck_assert_int_eq(port.accept(port.ctx, 0, 1), 0);
	close(fd);
	sts_posix_end(&posix);
}
END_TEST

/* The system lets nobody send to the broadcast address unasked. */
START_TEST(the_broadcast_address_is_unreachable)
{
	struct sts_addr peer = loopback("255.255.255.255").addr;

	begin();
	peer.port = 53;
	ck_assert_int_eq(port.dgram(port.ctx, 1, &peer, 0), STS_IO_UNREACHABLE);
	ck_assert_int_eq(port.stream(port.ctx, 1, &peer), STS_IO_UNREACHABLE);
	memset(&peer, 0, sizeof peer);
	peer.af = STS_AF_LOCAL;
	ck_assert_int_eq(port.dgram(port.ctx, 1, &peer, 0), STS_IO_UNREACHABLE);
	ck_assert_int_eq(port.stream(port.ctx, 1, &peer), STS_IO_UNREACHABLE);
	sts_posix_end(&posix);
}
END_TEST

/* Empty datagrams are neither an answer nor an end. */
/* Of 256 draws an eighth of the ports has none once in 10^14 runs. The ports that
 * the system chooses by itself begin far above the reserved ones. */
START_TEST(a_drawn_port_may_be_any_that_is_not_reserved)
{
	enum {
		DRAWS = 256,
		FIRST = 1024,
		PARTS = 8
	};
	struct sts_listen_at at = loopback("127.0.0.1");
	unsigned seen[PARTS] = { 0 };
	int urandom = -1;

	at.addr.port = 53;
	for (unsigned i = 0; i < DRAWS; i++) {
		struct sockaddr_storage s;
		socklen_t len = sizeof s;
		struct sts_addr own;
		int fd = sts_socket_open_drawn(&at.addr, &urandom);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(
		    getsockname(fd, (struct sockaddr *)&s, &len), 0);
		ck_assert(sts_addr_from_socket(&s, &own));
		ck_assert_uint_ge(own.port, FIRST);
		seen[(own.port - FIRST) * PARTS / (65536 - FIRST)]++;
		close(fd);
	}
	for (unsigned i = 0; i < PARTS; i++) {
		ck_assert_uint_gt(seen[i], 0);
	}
}
END_TEST

START_TEST(an_empty_datagram_is_skipped)
{
	struct sts_addr peer = loopback("127.0.0.1").addr;
	struct sockaddr_storage s;
	uint8_t buf[8];
	int other, probe;

	begin();
	peer.port = free_port(&peer, SOCK_DGRAM, &other);
	struct sts_addr self = loopback("127.0.0.1").addr;

	self.port = free_port(&self, SOCK_DGRAM, &probe);
	close(probe);
	ck_assert_int_eq(port.dgram(port.ctx, 1, &peer, self.port), 0);
	socklen_t len = sts_addr_to_socket(&self, &s);

	ck_assert_int_eq(
	    sendto(other, "", 0, 0, (struct sockaddr *)&s, len), 0);
	ck_assert_int_eq(
	    sendto(other, "x", 1, 0, (struct sockaddr *)&s, len), 1);
	sts_posix_wait(&posix, NULL, 1000);
	ck_assert_int_eq(port.recv(port.ctx, 1, buf, sizeof buf), 1);
	ck_assert_int_eq(port.recv(port.ctx, 1, buf, sizeof buf), STS_IO_AGAIN);
	close(other);
	sts_posix_end(&posix);
}
END_TEST

/* Datagrams that strangers sent before the socket was connected, and that the
 * kernel accepted, are not received, wherever they are in the queue. */
START_TEST(datagrams_from_before_the_connect_are_skipped)
{
	struct sts_addr self = loopback("127.0.0.1").addr, from[2], any;
	struct sockaddr_storage s;
	uint8_t buf[8];
	int fd, sender[2];

	self.port = free_port(&self, SOCK_DGRAM, &fd);
	socklen_t len = sts_addr_to_socket(&self, &s);

	for (unsigned i = 0; i < 2; i++) {
		from[i] = loopback("127.0.0.1").addr;
		from[i].port = free_port(&from[i], SOCK_DGRAM, &sender[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(sendto(sender[i % 2], &"sasa"[i], 1, 0,
				     (struct sockaddr *)&s, len),
		    1);
	}
	ck_assert_int_eq(sts_socket_prepare(fd), 0);
	ck_assert_int_eq(
	    sts_socket_recv_dgram(fd, &from[1], buf, sizeof buf), 1);
	ck_assert_int_eq(buf[0], 'a');
	/* The same port at another address is another sender. */
	any = from[1];
	any.ip[3] = 2;
	ck_assert_int_eq(
	    sts_socket_recv_dgram(fd, &any, buf, sizeof buf), STS_IO_AGAIN);
	/* A query to 0.0.0.0 goes to this machine, which answers from
	 * 127.0.0.1. */
	memset(any.ip, 0, sizeof any.ip);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(sendto(sender[i], &"sa"[i], 1, 0,
				     (struct sockaddr *)&s, len),
		    1);
	}
	ck_assert_int_eq(sts_socket_recv_dgram(fd, &any, buf, sizeof buf), 1);
	ck_assert_int_eq(buf[0], 'a');
	close(fd);
	close(sender[0]);
	close(sender[1]);
}
END_TEST

/* A listener that is closed here and still open in its supervisor causes no
 * more events. */
START_TEST(a_closed_listener_causes_no_events)
{
	struct sts_wait_event e[STS_WAIT_BATCH];

	begin();
	int client = raw_client();
	int theirs = dup(posix.channel[0].fd);

	ck_assert_int_ge(theirs, 0);
	ck_assert_uint_eq(sts_wait_events(&posix.wait, 1000, e), 1);
	port.close(port.ctx, 0);
	ck_assert_uint_eq(sts_wait_events(&posix.wait, 20, e), 0);
	close(client);
	close(theirs);
	sts_posix_end(&posix);
}
END_TEST

/* Where fewer files may be open than there are places, the port begins and hears
 * what comes, or does not begin. */
START_TEST(few_files)
{
	static uint64_t memory[1024];
	struct rlimit old, few;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = STS_POSIX_WATCHES;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	if (sts_posix_init(&posix, CONTRACT_CHANNELS, memory, &port) == 0) {
		ck_assert_int_eq(sts_posix_watch(&posix, ends[0]), 0);
		ck_assert_int_eq(write(ends[1], "x", 1), 1);
		ck_assert(sts_posix_wait(&posix, NULL, 1000));
		sts_posix_end(&posix);
	} else {
		ck_assert_int_eq(errno, EMFILE);
		ck_assert_uint_gt(sts_wait_files(CONTRACT_CHANNELS), 0);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(ends[1]);
}
END_TEST

/* Whether so many files may be open, after the limit was raised as far as it
 * goes. */
static bool
may_open(unsigned files)
{
	struct rlimit r;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = r.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &r), 0);
	return r.rlim_cur >= files;
}

/* Pages of channels that were never used are never touched. */
START_TEST(a_channel_is_left_alone_until_it_is_used)
{
	static const struct sts_posix_channel untouched;

	begin();
	for (unsigned i = 0; i < CONTRACT_CHANNELS + STS_POSIX_WATCHES; i++) {
		ck_assert_mem_eq(
		    &posix.channel[i], &untouched, sizeof untouched);
	}
	sts_posix_end(&posix);
}
END_TEST

/* Behind the largest number of channels, watched descriptors still have events
 * of their own. */
START_TEST(descriptors_behind_all_channels_have_events)
{
	static uint64_t
	    memory[STS_POSIX_SIZE_MAX(STS_POSIX_CHANNELS_MAX) / 8 + 1];
	unsigned last = STS_POSIX_OWN - 1;
	int ends[2];

	if (!may_open(
		sts_wait_files(STS_POSIX_CHANNELS_MAX + STS_POSIX_WATCHES))) {
		return;
	}
	ck_assert_int_eq(
	    sts_posix_init(&posix, STS_POSIX_CHANNELS_MAX, memory, &port), 0);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(sts_posix_own(&posix, last, ends[0], STS_EV_RECV), 0);
	ck_assert_int_eq(write(ends[1], "", 1), 1);
	ck_assert(!sts_posix_wait(&posix, NULL, 1000));
	ck_assert_uint_eq(sts_posix_own_take(&posix, last), STS_EV_RECV);
	close(ends[1]);
	sts_posix_end(&posix);
}
END_TEST

START_TEST(a_watched_descriptor_wakes_the_wait)
{
	int pipes[2];

	begin();
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(sts_posix_watch(&posix, pipes[0]), 0);
	ck_assert(!sts_posix_wait(&posix, NULL, 1));
	ck_assert(!sts_posix_others(&posix));
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	ck_assert(sts_posix_wait(&posix, NULL, 1000));
	ck_assert(sts_posix_others(&posix));
	/* the octet is still unread */
	ck_assert(sts_posix_wait(&posix, NULL, 1000));
	close(pipes[1]);
	sts_posix_end(&posix);
}
END_TEST

static const struct {
	const char *in, *want; /* NULL: no address */
} addrs[] = {
	{ "127.0.0.1", "127.0.0.1" },
	{ "::1", "::1" },
	{ "2001:DB8::0", "2001:db8::" },
	{ "fe80::1%1", "fe80::1%1" },
	{ "fe80::1%lo", "fe80::1%1" },
	{ "fe80::1%", NULL },
	{ "fe80::1%nosuchif0", NULL },
	{ "fe80::1%0", NULL },
	{ "127.0.0.1%lo", NULL },
	{ "127.1", NULL },
	{ "127.0.0.1 ", NULL },
	{ "[::1]", NULL },
	{ "", NULL },
	{ "localhost", NULL },
	{ "1111:2222:3333:4444:5555:6666:7777:8888%"
	  "a-name-that-is-longer-than-any",
	    NULL },
};

START_TEST(addresses_are_parsed_and_printed)
{
	for (size_t i = 0; i < UNIT_COUNT(addrs); i++) {
		char out[STS_ADDR_TEXT_MAX] = "";
		struct sts_addr a;
		size_t n = strlen(addrs[i].in);
		bool ok = sts_addr_parse(
		    sts_text(unit_at_page_end(addrs[i].in, n), n), &a);

		unit_int(addrs[i].in, ok, addrs[i].want != NULL);
		if (ok) {
			sts_addr_format(&a, out);
			unit_text(addrs[i].in, unit_span(out), addrs[i].want);
		}
	}
}
END_TEST

START_TEST(addresses_are_printed_with_port_and_scope)
{
	char out[STS_ADDR_TEXT_MAX];
	struct sts_addr a = loopback("fe80::1%1").addr;
	struct sockaddr_storage s;
	struct sts_addr back;

	a.port = 53;
	sts_addr_format(&a, out);
	ck_assert_str_eq(out, "[fe80::1%1]:53");
	ck_assert_uint_gt(sts_addr_to_socket(&a, &s), 0);
	ck_assert(sts_addr_from_socket(&s, &back));
	ck_assert(sts_addr_same(&a, &back));
	back.scope = 2;
	ck_assert(!sts_addr_same(&a, &back));
	a = loopback("10.0.0.1").addr;
	a.port = 65535;
	sts_addr_format(&a, out);
	ck_assert_str_eq(out, "10.0.0.1:65535");
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, the_contract_holds_over_ipv4);
	tcase_add_test(tc, the_contract_holds_over_ipv6);
	tcase_add_test(tc, each_system_error_has_its_meaning);
	tcase_add_test(tc, taken_ports_prove_nothing_about_the_peer);
	tcase_add_test(tc, a_port_that_is_forbidden_for_good_is_no_shortage);
	tcase_add_test(tc, a_datagram_dropped_here_is_lost_on_the_way);
	tcase_add_test(tc, what_came_before_a_reset_is_read);
	tcase_add_test(tc, a_half_closed_client_gets_its_answer);
	tcase_add_test(tc, a_listener_shut_down_elsewhere_does_not_spin);
	tcase_add_test(tc, a_client_that_ends_unwatched_does_not_spin);
	tcase_add_test(tc, a_reset_discards_no_octets_on_the_way);
	tcase_add_test(tc, what_was_sent_on_loopback_has_arrived);
	tcase_add_test(tc, time_is_64_bits);
	tcase_add_test(tc, without_descriptors_calls_return_limit);
	tcase_add_test(tc, the_broadcast_address_is_unreachable);
	tcase_add_test(tc, a_drawn_port_may_be_any_that_is_not_reserved);
	tcase_add_test(tc, an_empty_datagram_is_skipped);
	tcase_add_test(tc, datagrams_from_before_the_connect_are_skipped);
	tcase_add_test(tc, a_closed_listener_causes_no_events);
	tcase_add_test(tc, a_watched_descriptor_wakes_the_wait);
	tcase_add_test(tc, few_files);
	tcase_add_test(tc, a_channel_is_left_alone_until_it_is_used);
	tcase_add_test(tc, descriptors_behind_all_channels_have_events);
	tcase_add_test(tc, addresses_are_parsed_and_printed);
	tcase_add_test(tc, addresses_are_printed_with_port_and_scope);
}
