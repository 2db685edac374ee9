/* SPDX-License-Identifier: MIT */
/*
 * The lines with which a web server serves one policy file, and nothing else
 * of that host: over HTTPS, as text/plain, without redirects (RFC 8461 3.3).
 * The media type is the default type of the place, and not a header that is
 * added: that would make two of them.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "publish.h"

/* What stands for a path, or the host, in the texts below. */
static const char nginx[] = "server {\n"
			    "    listen 443 ssl;\n"
			    "    listen [::]:443 ssl;\n"
			    "    server_name mta-sts.@D;\n"
			    "    ssl_certificate @C;\n"
			    "    ssl_certificate_key @K;\n"
			    "    location = /.well-known/mta-sts.txt {\n"
			    "        types { }\n"
			    "        default_type text/plain;\n"
			    "        alias @F;\n"
			    "    }\n"
			    "    location / {\n"
			    "        return 404;\n"
			    "    }\n"
			    "}\n";

static const char apache[] = "<VirtualHost *:443>\n"
			     "    ServerName mta-sts.@D\n"
			     "    SSLEngine on\n"
			     "    SSLCertificateFile @C\n"
			     "    SSLCertificateKeyFile @K\n"
			     "    Alias /.well-known/mta-sts.txt @F\n"
			     "    <Location />\n"
			     "        Require all denied\n"
			     "    </Location>\n"
			     "    <Location /.well-known/mta-sts.txt>\n"
			     "        Require all granted\n"
			     "        ForceType text/plain\n"
			     "    </Location>\n"
			     "</VirtualHost>\n";

/* Caddy fetches a certificate by itself. */
static const char caddy[] = "mta-sts.@D {\n"
			    "    handle /.well-known/mta-sts.txt {\n"
			    "        root * @P\n"
			    "        rewrite * /@B\n"
			    "        header Content-Type text/plain\n"
			    "        file_server\n"
			    "    }\n"
			    "    respond 404\n"
			    "}\n";

/* Characters that mean nothing to any of the three servers. */
static bool
is_plain(const char *path)
{
	for (const char *c = path; *c != '\0'; c++) {
		if (!sts_is_alnum((uint8_t)*c) && strchr("/._+-", *c) == NULL) {
			return false;
		}
	}
	return path[0] == '/' && path[strlen(path) - 1] != '/' &&
	       strstr(path, "//") == NULL;
}

/* A path that is given, or where certbot keeps it. */
static void
put_path(const struct sts_publish *p, const char *given, const char *name)
{
	if (given != NULL) {
		fputs(given, stdout);
	} else {
		printf("/etc/letsencrypt/live/mta-sts.%s/%s.pem",
		    sts_publish_name(p), name);
	}
}

/* The value behind a letter. */
static void
put_value(const struct sts_publish *p, char letter)
{
	const char *slash = strrchr(p->out, '/');

	switch (letter) {
	case 'C':
		put_path(p, p->certificate, "fullchain");
		break;
	case 'K':
		put_path(p, p->key, "privkey");
		break;
	case 'F':
		fputs(p->out, stdout);
		break;
	case 'P':
		printf("%.*s", slash == p->out ? 1 : (int)(slash - p->out),
		    p->out);
		break;
	case 'B':
		fputs(slash + 1, stdout);
		break;
	default:
		fputs(sts_publish_name(p), stdout);
	}
}

int
sts_publish_server(const struct sts_publish *p)
{
	static const struct {
		const char *name, *text;
	} servers[] = { { "nginx", nginx }, { "apache", apache },
		{ "caddy", caddy } };
	const char *paths[] = { p->out, p->certificate, p->key };
	const char *text = NULL;

	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		if (strcmp(servers[i].name, p->server) == 0) {
			text = servers[i].text;
		}
	}
	if (text == NULL) {
		return sts_publish_wrong(
		    "--server: expected nginx, apache or caddy", p->server);
	}
	if (p->out == NULL) {
		return sts_publish_wrong(
		    "--server needs the policy's file: --out /PATH", "");
	}
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		if (paths[i] != NULL && !is_plain(paths[i])) {
			return sts_publish_wrong(
			    "for a web server's configuration a path must be "
			    "absolute, of letters, digits and ./_+-",
			    paths[i]);
		}
	}
	for (; *text != '\0'; text++) {
		if (*text == '@') {
			put_value(p, *++text);
		} else {
			putchar(*text);
		}
	}
	return STS_EXIT_YES;
}
