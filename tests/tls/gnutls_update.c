/* SPDX-License-Identifier: MIT */
/*
 * A server of GnuTLS that changes keys, for servers.py: gnutls-serv cannot.
 *
 *	gnutls_update PORT CERT.pem KEY.pem
 *
 * Ignores connections that end before the handshake does. To the first other
 * one it sends lines, which must come back (`get ... echo`): one under the
 * first keys, one after a KeyUpdate, one after a KeyUpdate that requests one,
 * and one after two of these at once, which the client answers once (RFC 8446
 * 4.6.3). GnuTLS's hook counts the KeyUpdates received and sent. Prints "ok",
 * or what went wrong.
 */
#define _POSIX_C_SOURCE 200112L
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SECONDS = 20,
	LINE_MAX_LEN = 400
};

static int sent, came;

static void
die(const char *what, int code)
{
	printf("%s: %s\n", what, code < 0 ? gnutls_strerror(code) : "wrong");
	exit(1);
}

static int
count(gnutls_session_t s, unsigned type, unsigned when, unsigned incoming,
    const gnutls_datum_t *m)
{
	(void)s;
	(void)type;
	(void)when;
	(void)m;
	if (incoming != 0) {
		came++;
	} else {
		sent++;
	}
	return 0;
}

static int
listener(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	if (s < 0 ||
	    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
	    bind(s, (struct sockaddr *)&a, sizeof a) != 0 ||
	    listen(s, 8) != 0) {
		die("listen", 0);
	}
	return s;
}

/* The next connection that completes its handshake. */
static gnutls_session_t
next(int listening, gnutls_certificate_credentials_t who)
{
	gnutls_session_t s;

	for (;;) {
		int code, c = accept(listening, NULL, NULL);

		gnutls_init(&s, GNUTLS_SERVER);
		gnutls_priority_set_direct(
		    s, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL);
		gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, who);
		gnutls_transport_set_int(s, c);
		do {
			code = gnutls_handshake(s);
		} while (code < 0 && gnutls_error_is_fatal(code) == 0);
		if (code == 0) {
			gnutls_handshake_set_hook_function(s,
			    GNUTLS_HANDSHAKE_KEY_UPDATE, GNUTLS_HOOK_POST,
			    count);
			return s;
		}
		gnutls_deinit(s);
		close(c);
	}
}

/* Receive up to the end of a line, or of a request's head. */
static void
hear(gnutls_session_t s, char line[LINE_MAX_LEN], const char *end)
{
	size_t n = 0;

	line[0] = '\0';
	while (strstr(line, end) == NULL) {
		ssize_t got =
		    gnutls_record_recv(s, line + n, LINE_MAX_LEN - 1 - n);

		if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED) {
			continue;
		}
		if (got <= 0) {
			die("receive", (int)got);
		}
		n += (size_t)got;
		line[n] = '\0';
	}
}

static void
echoed(gnutls_session_t s, const char *line_out)
{
	char line[LINE_MAX_LEN];

	if (gnutls_record_send(s, line_out, strlen(line_out)) !=
	    (ssize_t)strlen(line_out)) {
		die("send", 0);
	}
	hear(s, line, "\n");
	if (strcmp(line, line_out) != 0) {
		die(line_out, 0);
	}
}

static void
update(gnutls_session_t s, unsigned flags)
{
	int code = gnutls_session_key_update(s, flags);

	if (code != 0) {
		die("key update", code);
	}
}

/* Check how many KeyUpdates each side has sent. */
static void
counted(const char *when, int of_server, int of_client)
{
	if (sent != of_server || came != of_client) {
		printf("%s: %d and %d KeyUpdates, want %d and %d\n", when, sent,
		    came, of_server, of_client);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	gnutls_certificate_credentials_t who;
	gnutls_session_t s;
	char request[LINE_MAX_LEN];

	if (argc != 4) {
		return 2;
	}
	alarm(SECONDS);
	gnutls_certificate_allocate_credentials(&who);
	if (gnutls_certificate_set_x509_key_file(
		who, argv[2], argv[3], GNUTLS_X509_FMT_PEM) < 0) {
		die("certificate", 0);
	}
	s = next(listener(argv[1]), who);
	hear(s, request, "\r\n\r\n");
	echoed(s, "one\n");
	counted("at first", 0, 0);
	update(s, 0);
	echoed(s, "two\n");
	counted("its own", 1, 0);
	update(s, GNUTLS_KU_PEER);
	echoed(s, "three\n");
	counted("asked for one", 2, 1);
	update(s, GNUTLS_KU_PEER);
	update(s, GNUTLS_KU_PEER);
	echoed(s, "four\n");
	counted("asked for two", 4, 2);
	gnutls_bye(s, GNUTLS_SHUT_WR);
	gnutls_deinit(s);
	gnutls_certificate_free_credentials(who);
	printf("ok\n");
	return 0;
}
