/* SPDX-License-Identifier: MIT */
/* boards/posix: configuration, resolv.conf, users, reading of lines. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../boards/posix/conf.h"
#include "../../boards/posix/conf_share.h"
#include "../../boards/posix/lines.h"
#include "../../boards/posix/names.h"
#include "../../boards/posix/publish.h"
#include "../../boards/posix/resolv.h"
#include "../../boards/posix/roots.h"
#include "../../boards/posix/users.h"
#include "../../boards/posix/value.h"
#include "../../port/posix/addr.h"
#include "unit.h"

const char unit_name[] = "config";

static struct sts_conf conf;
static char why[STS_CONF_WHY_MAX];

static char path[] = "/tmp/mtasts-test-XXXXXX";

static void
remove_file(void)
{
	unlink(path);
}

/* Make a file with this content. Its path is valid until the next call. */
static const char *
file_of(const char *content, size_t n)
{
	static bool made;

	if (made) {
		unlink(path);
		memcpy(strrchr(path, '-') + 1, "XXXXXX", 6);
	} else {
		atexit(remove_file);
	}
	made = true;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, n), (ssize_t)n);
	close(fd);
	return path;
}

static bool
load(const char *file, const char *option)
{
	struct sts_conf_source source = { file, &option,
		option != NULL ? 1 : 0 };

	why[0] = '\0';
	return sts_conf_load(&conf, &source, why);
}

/* Keys with a wrong value, and the error that is reported. */
static const struct {
	const char *line, *want;
} wrong[] = {
	{ "listn inet:127.0.0.1:1", "listn: no such key" },
	{ "a=b c", "a\\x3db: no such key" },
	{ "listen", "listen: expected inet:127.0.0.1:PORT, inet:[::1]:PORT or "
		    "unix:/path mode=0660 owner=USER group=GROUP "
		    "protocol=text" },
	{ "listen inet:localhost:8461",
	    "listen: expected inet:127.0.0.1:PORT, inet:[::1]:PORT or "
	    "unix:/path mode=0660 owner=USER group=GROUP protocol=text, got "
	    "\"inet:localhost:8461\"" },
	{ "metrics yes",
	    "metrics: expected off, inet:127.0.0.1:9461, inet:[::1]:9461 or "
	    "unix:/path mode=0660, got \"yes\"" },
	{ "metrics unix:/m protocol=text", "metrics: expected off, inet:" },
	{ "metrics inet:localhost:9461", "metrics: expected off, inet:" },
	{ "control yes",
	    "control: expected off, or unix:/path mode=0600 owner=USER "
	    "group=GROUP, got \"yes\"" },
	{ "control inet:127.0.0.1:1", "control: expected off, or unix:" },
	{ "control unix:/c protocol=text", "control: expected off, or unix:" },
	{ "nameserver 10.0.0.300",
	    "nameserver: expected an address, then optionally port=53 and "
	    "trusted=yes, got \"10.0.0.300\"" },
	{ "nameserver 10.0.0.1 port=0", "nameserver: expected an address, then "
					"optionally port=53 and trusted=yes" },
	{ "trust_anchors certs.pem", "trust_anchors: expected the absolute "
				     "path of a PEM file, got \"certs.pem\"" },
	{ "memory 4G",
	    "memory: expected a size up to 1024M, such as 4M or 512K, then "
	    "optionally touch=yes and huge=yes, got \"4G\"" },
	{ "memory 1025M", "memory: expected a size up to 1024M, such as 4M or "
			  "512K, then optionally touch=yes and huge=yes, got "
			  "\"1025M\"" },
	{ "memory 4M touch", "memory: expected a size up to 1024M" },
	{ "memory 4M touch=maybe", "memory: expected a size up to 1024M" },
	{ "memory 4M huge=", "memory: expected a size up to 1024M" },
	{ "memory touch=yes", "memory: expected a size up to 1024M" },
	{ "journal x", "journal: expected off, or an absolute path and "
		       "optionally size=16M, got \"x\"" },
	{ "journal /x size=0", "journal: expected off, or an absolute path and "
			       "optionally size=16M" },
	{ "journal off size=1M", "journal: expected off, or an absolute path "
				 "and optionally size=16M" },
	{ "clients 0",
	    "clients: expected a number from 1 to 60000, got \"0\"" },
	{ "clients 60001",
	    "clients: expected a number from 1 to 60000, got \"60001\"" },
	{ "lookups 4097",
	    "lookups: expected a number from 1 to 4096, got \"4097\"" },
	{ "fetch_slots -1",
	    "fetch_slots: expected a number from 1 to 256, got \"-1\"" },
	{ "answer_within 12", "answer_within: expected a time up to 95s, such "
			      "as 12s or 500ms, got \"12\"" },
	{ "answer_within 2m", "answer_within: expected a time up to 95s, such "
			      "as 12s or 500ms, got \"2m\"" },
	{ "queue_wait 0s", "queue_wait: expected a time up to 95s, such as "
			   "12s or 500ms, got \"0s\"" },
	{ "on_dns_error maybe",
	    "on_dns_error: expected notfound or temp, got \"maybe\"" },
	{ "on_no_clock", "on_no_clock: expected notfound or temp" },
	{ "sct yes", "sct: expected off, log or require, got \"yes\"" },
	{ "redis_wait 3s", "redis_wait: expected a time up to 2s, such as "
			   "150ms, got \"3s\"" },
	{ "redis_trust maybe",
	    "redis_trust: expected yes or no, got \"maybe\"" },
	{ "redis_key fleet",
	    "redis_key: expected the absolute path of a file, got \"fleet\"" },
	{ "redis", "redis: expected off, or unix:/path" },
	{ "redis user=x", "redis: expected off, or unix:/path" },
	{ "redis inet:127.0.0.1", "redis: expected off, or unix:/path" },
	{ "redis inet:a_b:1", "redis: expected off, or unix:/path" },
	{ "redis unix:run", "redis: expected off, or unix:/path" },
	{ "redis unix:a.b:1", "redis: expected off, or unix:/path" },
	{ "redis unix:127.0.0.1:1", "redis: expected off, or unix:/path" },
	{ "redis inet:a.b:1 tls:a.b:2", "redis: expected off, or unix:/path" },
	{ "redis inet:a.b:1 inet:a.b:2 inet:a.b:3 inet:a.b:4 inet:a.b:5",
	    "redis: expected off, or unix:/path" },
	{ "redis inet:a.b:1 prefix=a*", "redis: expected off, or unix:/path" },
	{ "redis inet:a.b:1 db=-1", "redis: expected off, or unix:/path" },
	{ "redis inet:a.b:1 colour=red", "redis: expected off, or unix:/path" },
	{ "redis tls:127.0.0.1:1", "redis: expected name=HOST beside tls:" },
	{ "redis tls:a.b:1 master=m", "redis: expected name=HOST beside tls:" },
	{ "allow_private true",
	    "allow_private: expected yes or no, got \"true\"" },
	{ "preload list.json",
	    "preload: expected off, or an absolute path and optionally "
	    "size=128K, up to 64M, got \"list.json\"" },
	{ "preload /list.json size=1",
	    "preload: expected off, or an absolute path and optionally "
	    "size=128K, up to 64M, got \"/list.json size=1\"" },
	{ "preload_testing on",
	    "preload_testing: expected notfound or enforce, got \"on\"" },
	{ "warm_names names", "warm_names: expected off or an absolute path, "
			      "got \"names\"" },
	{ "nat64_prefix 64:ff9b::/95",
	    "nat64_prefix: expected an IPv6 prefix of 32, 40, 48, 56, 64 or "
	    "96 bits, such as 2001:db8:64::/96, got \"64:ff9b::/95\"" },
	{ "nat64_prefix 10.0.0.0/32",
	    "nat64_prefix: expected an IPv6 prefix of 32, 40, 48, 56, 64 or "
	    "96 bits, such as 2001:db8:64::/96, got \"10.0.0.0/32\"" },
	{ "fetch_allow 10.0.0.0/33",
	    "fetch_allow: expected a prefix, such as 192.0.2.0/24 or "
	    "2001:db8::/32, got \"10.0.0.0/33\"" },
	{ "policy_port 65536", "policy_port: expected a port (other than 443 "
			       "for tests only), got \"65536\"" },
	{ "log file", "log: expected stderr or syslog, got \"file\"" },
	{ "log_level loud",
	    "log_level: expected error, warning, info or debug, got \"loud\"" },
	{ "user no-such-user-here",
	    "user: expected a user of /etc/passwd, got \"no-such-user-here\"" },
	{ "chroot jail",
	    "chroot: expected off or an absolute path, got \"jail\"" },
	{ "confine yes", "confine: expected on or off, got \"yes\"" },
};

START_TEST(a_wrong_value_is_reported_with_what_is_expected)
{
	for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
		char want[STS_CONF_WHY_MAX];

		snprintf(want, sizeof want, "-o: %s", wrong[i].want);
		unit_int(wrong[i].line, load("/dev/null", wrong[i].line), 0);
		/* Some errors state more about the value than the row does. */
		unit_text(wrong[i].line,
		    sts_text((const uint8_t *)why, strlen(want) < strlen(why)
						       ? strlen(want)
						       : strlen(why)),
		    want);
	}
}
END_TEST

/* For zones and overrides, the error is that of their own parser. */
START_TEST(wrong_zones_are_reported_by_their_parser)
{
	char want[STS_CONF_WHY_MAX];

	unit_int("zone", load("/dev/null", "zone x colour=red"), 0);
	snprintf(want, sizeof want,
	    "-o: zone: expected %s, got \"x colour=red\"",
	    sts_zones_error_text(STS_ZONES_OPTION));
	ck_assert_str_eq(why, want);
	unit_int("override", load("/dev/null", "override x.example what"), 0);
	snprintf(want, sizeof want,
	    "-o: override: expected %s, got \"x.example what\"",
	    sts_zones_error_text(STS_ZONES_ACTION));
	ck_assert_str_eq(why, want);
}
END_TEST

/* Of two such lines the second would be lost, unless it is of another
 * protocol. */
START_TEST(an_address_may_be_listed_once)
{
	static const char twice[] = "listen unix:/s mode=0600\n"
				    "listen unix:/s protocol=text\n";
	static const char two[] = "listen inet:127.0.0.1:0\n"
				  "listen inet:127.0.0.1:0\n"
				  "listen inet:127.0.0.1:8461\n";

	ck_assert(!load(file_of(twice, sizeof twice - 1), NULL));
	ck_assert_ptr_nonnull(strstr(
	    why, ":2: listen: expected each address or path only once, got "));
	ck_assert_msg(load(file_of(two, sizeof two - 1), NULL), "%s", why);
	ck_assert_uint_eq(conf.listen_count, 3);
}
END_TEST

/* A word ends at its end, whatever follows it in memory. */
START_TEST(a_word_ends_at_its_end)
{
	static const char value[] = "unix:/s prefix=fleet";
	size_t n = sizeof value - 1;

	ck_assert(load("/dev/null", NULL));
	ck_assert_ptr_null(sts_conf_share_redis(
	    &conf, sts_text(unit_at_page_end(value, n), n)));
	ck_assert_str_eq(conf.share.setup.prefix, "fleet");
}
END_TEST

/* Part of a password is another password: it is taken whole or not at all. */
START_TEST(a_password_is_taken_whole_or_not_at_all)
{
	static const struct {
		const char *name, *text;
		size_t n, fill; /* after this many times 'x' */
		const char
		    *want; /* NULL: the password is as long as fill + n */
	} cases[] = {
		{ "a line", "secret\n", 7, 0, "secret" },
		{ "a line without an end", "secret", 6, 0, "secret" },
		{ "a line of Windows", "secret\r\nmore", 12, 0, "secret" },
		{ "the longest", "", 0, 255, NULL },
		{ "the longest, a line", "\n", 1, 255, NULL },
		{ "too long", "y", 1, 255, "?or one longer than 255" },
		{ "too long, a line", "y\n", 2, 255,
		    "?or one longer than 255" },
		{ "a NUL", "sec\0ret", 7, 0, "?no password, or one longer" },
		{ "nothing", "", 0, 0, "?it is empty" },
		{ "an empty line", "\nsecret", 7, 0, "?it is empty" },
	};
	struct sts_share_setup *u = &conf.share.setup;
	char text[300];

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const char *name = cases[i].name, *want = cases[i].want;

		memset(text, 'x', sizeof text);
		memcpy(text + cases[i].fill, cases[i].text, cases[i].n);
		ck_assert(load("/dev/null", "redis unix:/s"));
		snprintf(conf.share.password_file,
		    sizeof conf.share.password_file, "%s",
		    file_of(text, cases[i].fill + cases[i].n));
		ck_assert_int_eq(chmod(conf.share.password_file, 0600), 0);
		conf.share.trust = true;
		bool good = sts_conf_share_read(&conf, why);

		if (want != NULL && want[0] == '?') {
			unit_int(name, good, false);
			ck_assert_msg(
			    strstr(why, want + 1) != NULL, "%s: %s", name, why);
			unit_int(name, u->password[0], 0);
		} else {
			ck_assert_msg(good, "%s: %s", name, why);
			unit_int(name, (long long)strlen(u->password),
			    want != NULL ? (long long)strlen(want)
					 : (long long)cases[i].fill);
		}
	}
}
END_TEST

START_TEST(defaults_are_as_documented)
{
	char text[STS_LISTEN_TEXT_MAX];

	ck_assert_msg(load("/dev/null", NULL), "%s", why);
	ck_assert_uint_eq(conf.listen_count, 1);
	sts_listen_format(&conf.listen[0], text);
	ck_assert_str_eq(text, "inet:127.0.0.1:8461");
	ck_assert(!conf.metrics_on);
	ck_assert(conf.control_on);
	ck_assert_str_eq(conf.control.path, "/run/mtasts/control");
	ck_assert_uint_eq(conf.control.mode, 0600);
	ck_assert_uint_eq(conf.servers.count, 0);
	ck_assert_uint_eq(conf.memory, 4194304);
	ck_assert(!conf.memory_touch && !conf.memory_huge);
	ck_assert_uint_eq(conf.clients, 1024);
	ck_assert_uint_eq(conf.lookups, 256);
	ck_assert_uint_eq(conf.fetch_slots, 16);
	ck_assert_uint_eq(conf.answer_within_ms, 12000);
	ck_assert_uint_eq(conf.queue_wait_ms, 30000);
	ck_assert_uint_eq(conf.zones.count, 3);
	ck_assert(!conf.temp_on_dns_error);
	ck_assert(conf.temp_on_no_clock);
	ck_assert(conf.allow_private);
	ck_assert_uint_eq(conf.sct, STS_SCT_LOG);
	ck_assert_uint_eq(conf.policy_port, 443);
	ck_assert_uint_eq(conf.log_level, STS_LOG_INFO);
	ck_assert_str_eq(conf.user, "");
	ck_assert_str_eq(conf.chroot, "");
	ck_assert(conf.confine);
}
END_TEST

static const char full[] =
    "# everything\n"
    "\n"
    "listen inet:127.0.0.1:9001   # Postfix\n"
    "listen\tinet:[::1]:9001\r\n"
    "  listen unix:/run/x/sock mode=0666 owner=root group=root\n"
    "listen unix:/run/x/text protocol=text mode=0660\n"
    "control off\ncontrol unix:/run/x/c group=root mode=0660\n"
    "metrics off\nmetrics unix:/run/x/metrics mode=0600\n"
    "zone strict strict_testing=yes\n"
    "override bad.example notfound\n"
    "nameserver 192.0.2.1\n"
    "nameserver 192.0.2.2 port=5353 trusted=yes\n"
    "nameserver ::1\n"
    "nameserver 127.0.0.1 trusted=no\n"
    "trust_anchors /etc/roots.pem\n"
    "memory 8M touch=yes huge=yes\nclients 10\nlookups 20\nfetch_slots 3\n"
    "answer_within 1500ms\nqueue_wait 1m\n"
    "on_dns_error temp\non_no_clock notfound\nallow_private no\n"
    "fetch_allow 127.0.0.0/8\nfetch_allow ::1\npolicy_port 8443\nsct require\n"
    "nat64_prefix 2001:db8:64::/96\nnat64_prefix 2001:db8:32::/48\n"
    "redis off\nredis inet:Redis.example:6379 inet:[::1]:1 user=u db=3 "
    "prefix={p} client=gw password_file=/p\n"
    "redis_key /k1\nredis_key /k2\nredis_wait 20ms\nredis_anchors /a\n"
    "log syslog\nlog_level debug\nuser root\nchroot /var/empty\nconfine off";

START_TEST(every_key_has_its_effect)
{
	ck_assert_msg(load(file_of(full, sizeof full - 1), NULL), "%s", why);
	ck_assert_uint_eq(conf.listen_count, 4);
	ck_assert(!conf.listen[2].text);
	ck_assert(conf.listen[3].text);
	ck_assert_uint_eq(conf.listen[3].mode, 0660);
	ck_assert_uint_eq(conf.listen[1].addr.port, 9001);
	ck_assert_uint_eq(conf.listen[1].addr.af, STS_AF_INET6);
	ck_assert_str_eq(conf.listen[2].path, "/run/x/sock");
	ck_assert_uint_eq(conf.listen[2].mode, 0666);
	ck_assert_uint_eq(conf.listen[2].uid, 0);
	ck_assert_uint_eq(conf.listen[2].gid, 0);
	ck_assert_uint_eq(conf.listen[0].gid, (gid_t)-1);
	ck_assert(conf.control_on);
	ck_assert_str_eq(conf.control.path, "/run/x/c");
	ck_assert_uint_eq(conf.control.mode, 0660);
	ck_assert_uint_eq(conf.control.gid, 0);
	ck_assert(conf.metrics_on);
	ck_assert_str_eq(conf.metrics.path, "/run/x/metrics");
	ck_assert_uint_eq(conf.metrics.mode, 0600);
	ck_assert_uint_eq(conf.servers.count, 4);
	ck_assert_uint_eq(conf.servers.addr[0].port, 53);
	ck_assert(!conf.servers.trusted[0]);
	ck_assert_uint_eq(conf.servers.addr[1].port, 5353);
	ck_assert(conf.servers.trusted[1]);
	ck_assert(conf.servers.trusted[2]);
	ck_assert(!conf.servers.trusted[3]);
	ck_assert_str_eq(conf.trust_anchors, "/etc/roots.pem");
	ck_assert_uint_eq(conf.memory, 8 << 20);
	ck_assert(conf.memory_touch && conf.memory_huge);
	ck_assert_uint_eq(conf.clients, 10);
	ck_assert_uint_eq(conf.lookups, 20);
	ck_assert_uint_eq(conf.fetch_slots, 3);
	ck_assert_uint_eq(conf.answer_within_ms, 1500);
	ck_assert_uint_eq(conf.queue_wait_ms, 60000);
	ck_assert(conf.temp_on_dns_error);
	ck_assert(!conf.temp_on_no_clock);
	ck_assert(!conf.allow_private);
	ck_assert_uint_eq(conf.allow_count, 2);
	ck_assert_uint_eq(conf.allow[0].bits, 8);
	ck_assert_uint_eq(conf.allow[1].bits, 128);
	ck_assert_uint_eq(conf.nat64_count, 2);
	ck_assert_uint_eq(conf.nat64[0].bits, 96);
	ck_assert_uint_eq(conf.nat64[1].bits, 48);
	ck_assert_uint_eq(conf.policy_port, 8443);
	ck_assert_uint_eq(conf.share.setup.server_count, 2);
	ck_assert_str_eq(conf.share.setup.server[0].host, "redis.example");
	ck_assert_uint_eq(conf.share.setup.server[1].addr.af, STS_AF_INET6);
	ck_assert_uint_eq(conf.share.setup.server[1].port, 1);
	ck_assert_uint_eq(conf.share.setup.db, 3);
	ck_assert_str_eq(conf.share.setup.prefix, "{p}");
	ck_assert_uint_eq(conf.share.setup.wait_ms, 20);
	ck_assert_uint_eq(conf.share.key_count, 2);
	ck_assert_str_eq(conf.share.key[1], "/k2");
	ck_assert_uint_eq(conf.sct, STS_SCT_REQUIRE);
	ck_assert_uint_eq(conf.log, STS_LOG_SYSLOG);
	ck_assert_uint_eq(conf.log_level, STS_LOG_DEBUG);
	ck_assert_str_eq(conf.user, "root");
	ck_assert_str_eq(conf.chroot, "/var/empty");
	ck_assert(!conf.confine);
	ck_assert_uint_eq(conf.zones.overrides, 1);
	bool known = false;
	const struct sts_zone *z =
	    sts_zones_find(&conf.zones, unit_span("strict"), &known);

	ck_assert(known);
	ck_assert(z->strict_testing);
	/* answer_within comes after the zone, and yet counts for it. */
	ck_assert_uint_eq(z->answer_within_ms, 1500);
}
END_TEST

/* A scalar of an -o line replaces the file's, and so does a list. */
START_TEST(options_replace_the_file)
{
	const char *file = file_of(full, sizeof full - 1);
	static const char *const options[] = { "listen inet:127.0.0.1:7",
		"clients 11", "listen inet:127.0.0.1:8", "chroot off",
		"confine on" };
	struct sts_conf_source source = { file, options, 5 };

	ck_assert_msg(sts_conf_load(&conf, &source, why), "%s", why);
	ck_assert_uint_eq(conf.listen_count, 2);
	ck_assert_uint_eq(conf.listen[0].addr.port, 7);
	ck_assert_uint_eq(conf.listen[1].addr.port, 8);
	ck_assert_uint_eq(conf.clients, 11);
	ck_assert_uint_eq(conf.servers.count, 4);
	ck_assert_str_eq(conf.chroot, "");
	ck_assert(conf.confine);
}
END_TEST

/* A shortage of the system is not a fault of the configuration: errno
 * distinguishes them, as only a shortage is worth another try. */
START_TEST(a_shortage_is_no_fault_of_the_configuration)
{
	static const struct {
		const char *name, *text;
		bool short_of; /* of descriptors */
		int want;
	} cases[] = {
		{ "an unknown key", "x y\n", false, 0 },
		{ "a wrong value", "clients none\n", false, 0 },
		{ "an unknown user", "user no-such-user\n", false, 0 },
		{ "times too long", "queue_wait 95s\n", false, 0 },
		{ "a wrong prefix", "fetch_allow x\n", false, 0 },
		{ "short of descriptors", "", true, EMFILE },
		{ "no file", NULL, false, ENOENT },
	};
	struct rlimit had, none;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &had), 0);
	none = had;
	none.rlim_cur = 3;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_conf_source source = { "/nonexistent", NULL, 0 };

		if (cases[i].text != NULL) {
			source.file =
			    file_of(cases[i].text, strlen(cases[i].text));
		}
		ck_assert_int_eq(
		    setrlimit(RLIMIT_NOFILE, cases[i].short_of ? &none : &had),
		    0);
		errno = EIO; /* left by something else */
		bool ok = sts_conf_load(&conf, &source, why);
		int error = errno;

		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &had), 0);
		ck_assert(!ok);
		unit_int(cases[i].name, error, cases[i].want);
	}
}
END_TEST

START_TEST(an_endless_file_is_not_read_to_its_end)
{
	char folder[] = "/tmp/mtasts-endless-XXXXXX", file[sizeof folder + 8];
	struct sts_dns_servers servers;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/zero", folder);
	ck_assert_int_eq(symlink("/dev/zero", file), 0);
	alarm(30); /* a reader that goes on is killed */
	unit_int("configuration", load(file, NULL), 0);
	unit_int("resolv.conf", sts_resolv_read(file, &servers),
	    STS_RESOLV_UNREADABLE);
	unit_int("why", errno, EFBIG);
	alarm(0);
	unlink(file);
	rmdir(folder);
}
END_TEST

/* A pipe in the place of any file that a running daemon reads again is an error
 * at once, and is not waited for. */
START_TEST(a_pipe_is_an_error_at_once)
{
	char folder[] = "/tmp/mtasts-pipe-XXXXXX", pipe[sizeof folder + 8];
	static uint64_t state[2048];
	static uint8_t block[4096];
	struct sts_anchors_load *reading = (void *)state;
	struct sts_dns_servers servers;
	struct sts_roots roots;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(pipe, sizeof pipe, "%s/pipe", folder);
	ck_assert_int_eq(mkfifo(pipe, 0600), 0);
	alarm(30); /* a reader that waits is killed */
	ck_assert_uint_le(sts_anchors_load_size(), sizeof state);
	unit_int("configuration", load(pipe, NULL), 0);
	ck_assert_ptr_nonnull(strstr(why, strerror(ESPIPE)));
	unit_int("resolv.conf", sts_resolv_read(pipe, &servers),
	    STS_RESOLV_UNREADABLE);
	ck_assert_ptr_nonnull(
	    sts_roots_load(pipe, block, sizeof block, reading, &roots));
	/* The same with a writer that writes nothing. */
	int fd = open(pipe, O_RDWR | O_NONBLOCK);

	unit_int("configuration", load(pipe, NULL), 0);
	ck_assert_ptr_nonnull(
	    sts_roots_load(pipe, block, sizeof block, reading, &roots));
	close(fd);
	alarm(0);
	unlink(pipe);
	rmdir(folder);
}
END_TEST

START_TEST(an_error_names_file_and_line)
{
	char want[STS_CONF_WHY_MAX];
	const char *file = file_of("clients 1\n\n# x\nclients many\n", 28);

	unit_int("line 4", load(file, NULL), 0);
	snprintf(want, sizeof want,
	    "%s:4: clients: expected a number from 1 to 60000, got \"many\"",
	    file);
	ck_assert_str_eq(why, want);
	unit_int("missing", load("/nonexistent/x.conf", NULL), 0);
	ck_assert_str_eq(why, "/nonexistent/x.conf: No such file or directory");
	unit_int("directory", load("/", NULL), 0);
	ck_assert_str_eq(why, "/: Is a directory");
	unit_int("together",
	    load(file_of("answer_within 50s\nqueue_wait 46s\n", 33), NULL), 0);
	ck_assert_str_eq(why,
	    "answer_within and queue_wait: together more than 95s, but mail "
	    "servers give up after 100s");
}
END_TEST

/* Keys that may be repeated have a limit, and an error contains no control
 * characters. */
START_TEST(keys_may_be_repeated_up_to_a_limit)
{
	char text[8192] = "";

	for (unsigned i = 0; i < STS_CONF_LISTEN_MAX; i++) {
		strcat(text, "listen inet:127.0.0.1:0\n");
	}
	ck_assert(load(file_of(text, strlen(text)), NULL));
	strcat(text, "listen inet:127.0.0.1:0\n");
	ck_assert(!load(file_of(text, strlen(text)), NULL));
	ck_assert_ptr_nonnull(
	    strstr(why, ":17: listen: expected no more lines of this key"));
	text[0] = '\0';
	for (unsigned i = 0; i <= STS_DNS_SERVERS_MAX; i++) {
		strcat(text, "nameserver ::1\n");
	}
	ck_assert(!load(file_of(text, strlen(text)), NULL));
	ck_assert_ptr_nonnull(strstr(why, ":9: nameserver: expected no more"));
	text[0] = '\0';
	for (unsigned i = 0; i <= STS_FETCH_ALLOW_MAX; i++) {
		strcat(text, "fetch_allow ::1\n");
	}
	ck_assert(!load(file_of(text, strlen(text)), NULL));
	text[0] = '\0';
	for (unsigned i = 0; i <= STS_NAT64_MAX; i++) {
		strcat(text, "nat64_prefix 64:ff9b::/96\n");
	}
	ck_assert(!load(file_of(text, strlen(text)), NULL));
	ck_assert_ptr_nonnull(
	    strstr(why, ":5: nat64_prefix: expected no more"));
	memset(text, 'x', STS_LINE_MAX + 1);
	ck_assert(!load(file_of(text, STS_LINE_MAX + 1), NULL));
	ck_assert_ptr_nonnull(strstr(why, "the line is too long"));
	ck_assert(!load("/dev/null", "log \033[31mred"));
	ck_assert_ptr_null(strchr(why, '\033'));
}
END_TEST

/* A line that a later one replaces is no difference. */
START_TEST(a_replaced_line_is_no_difference)
{
	static const char lines[] =
	    "listen inet:127.0.0.1:1\nlisten unix:/run/a\n"
	    "metrics inet:127.0.0.1:2\nmetrics off\n"
	    "user root\nchroot /a/long/path\nchroot off\n";
	static struct sts_conf other;
	char fixed[STS_CONF_WHY_MAX];

	ck_assert(load("/dev/null", "listen inet:127.0.0.1:3"));
	other = conf;
	struct sts_conf_room room = sts_conf_room_of(&other);

	ck_assert(
	    load(file_of(lines, sizeof lines - 1), "listen inet:127.0.0.1:3"));
	sts_conf_keep_fixed(&other, &room, &conf, fixed);
	ck_assert_str_eq(fixed, "user");
}
END_TEST

START_TEST(a_reload_names_what_only_a_restart_can_change)
{
	static struct sts_conf other;
	char fixed[STS_CONF_WHY_MAX];

	ck_assert(load("/dev/null", NULL));
	other = conf;
	struct sts_conf_room room = sts_conf_room_of(&conf);

	ck_assert_uint_eq(sts_conf_keep_fixed(&conf, &room, &other, fixed), 0);
	other.log_level = STS_LOG_DEBUG;
	other.answer_within_ms = 1;
	ck_assert_uint_eq(sts_conf_keep_fixed(&conf, &room, &other, fixed), 0);
	ck_assert_uint_eq(other.log_level, STS_LOG_DEBUG);
	ck_assert_uint_eq(other.answer_within_ms, 1);
	other.listen[0].text = true;
	sts_conf_keep_fixed(&conf, &room, &other, fixed);
	ck_assert_str_eq(fixed, "listen");
	other.memory++;
	other.clients++;
	other.lookups++;
	other.fetch_slots++;
	other.log = STS_LOG_SYSLOG;
	other.user[0] = 'x';
	other.chroot[0] = '/';
	other.confine = !other.confine;
	other.listen[0].addr.port++;
	other.metrics_on = true;
	other.control.mode = 0660;
	other.journal_size++;
	sts_conf_keep_fixed(&conf, &room, &other, fixed);
	ck_assert_str_eq(fixed,
	    "listen metrics control memory journal clients lookups fetch_slots "
	    "log user chroot confine");
	ck_assert_uint_eq(sts_conf_keep_fixed(&conf, &room, &other, fixed), 0);
}
END_TEST

static const struct {
	const char *in;
	long long want; /* -1: not a size */
} sizes[] = {
	{ "0", 0 },
	{ "65536", 65536 },
	{ "512K", 524288 },
	{ "4M", 4194304 },
	{ "9999999999999999", -1 },
	{ "4m", -1 },
	{ "4MB", -1 },
	{ "M", -1 },
	{ "", -1 },
	{ "-1", -1 },
	{ "1.5M", -1 },
	{ " 1", -1 },
};

START_TEST(sizes_have_a_unit)
{
	for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
		uint64_t got = UINT64_MAX;

		sts_value_size(unit_span(sizes[i].in), &got);
		unit_int(sizes[i].in, (long long)got, sizes[i].want);
	}
}
END_TEST

static const struct {
	const char *in;
	long long want; /* -1: not a time */
} times[] = {
	{ "500ms", 500 },
	{ "0s", 0 },
	{ "12s", 12000 },
	{ "2m", 120000 },
	{ "1h", 3600000 },
	{ "24d", 2073600000 },
	{ "25d", -1 },
	{ "2073600001ms", -1 },
	{ "12", -1 },
	{ "s", -1 },
	{ "1.5s", -1 },
	{ "12 s", -1 },
	{ "12S", -1 },
	{ "", -1 },
};

START_TEST(times_have_a_unit)
{
	for (size_t i = 0; i < UNIT_COUNT(times); i++) {
		uint32_t got = UINT32_MAX;
		bool ok = sts_value_time(unit_span(times[i].in), &got);

		unit_int(times[i].in, ok ? (long long)got : -1, times[i].want);
	}
}
END_TEST

static const struct {
	const char *in, *want; /* NULL: no listener */
} listens[] = {
	{ "inet:127.0.0.1:8461", "inet:127.0.0.1:8461" },
	{ "inet:0.0.0.0:65535", "inet:0.0.0.0:65535" },
	{ "inet:[::]:25", "inet:[::]:25" },
	{ "inet:[fe80::1%1]:25", "inet:[fe80::1%1]:25" },
	{ "unix:/run/mtasts/sock", "unix:/run/mtasts/sock" },
	{ "unix:/s mode=600", "unix:/s" },
	{ "unix:/s protocol=text", "unix:/s" },
	{ "unix:/s protocol=socketmap", NULL },
	{ "unix:/s protocol=", NULL },
	{ "inet:127.0.0.1:1 protocol=text", NULL },
	{ "inet:127.0.0.1", NULL },
	{ "inet:127.0.0.1:", NULL },
	{ "inet:127.0.0.1:65536", NULL },
	{ "inet:[127.0.0.1]:25", NULL },
	{ "inet:::1:25", NULL },
	{ "inet:[::1]", NULL },
	{ "inet:127.0.0.1:25 mode=0600", NULL },
	{ "unix:run/x", NULL },
	{ "unix:", NULL },
	{ "unix:/", NULL },
	{ "unix:/s mode=0888", NULL },
	{ "unix:/s mode=1777", NULL },
	{ "unix:/s mode=", NULL },
	{ "unix:/s owner=no-such-user-here", NULL },
	{ "unix:/s owner=", NULL },
	{ "unix:/s group=", NULL },
	{ "unix:/s group=no-such-group-here", NULL },
	{ "unix:/s colour=red", NULL },
	{ "127.0.0.1:8461", NULL },
	{ "tcp:127.0.0.1:8461", NULL },
	{ "unix:/123456789012345678901234567890123456789012345678901234567890"
	  "1234567890123456789012345678901234567890123",
	    NULL },
};

START_TEST(each_listener_line_is_read_or_refused)
{
	for (size_t i = 0; i < UNIT_COUNT(listens); i++) {
		char text[STS_LISTEN_TEXT_MAX] = "";
		struct sts_listen_at at;
		bool ok = sts_value_listen(unit_span(listens[i].in), &at);

		unit_int(listens[i].in, ok, listens[i].want != NULL);
		if (ok) {
			sts_listen_format(&at, text);
			unit_text(
			    listens[i].in, unit_span(text), listens[i].want);
		}
	}
}
END_TEST

/* resolv.conf, and its servers in text form; '!' where AD counts. */
static const struct {
	const char *name, *in;
	int result;
	const char *want;
} resolvs[] = {
	{ "plain", "nameserver 192.0.2.1\nnameserver 2001:db8::1\n",
	    STS_RESOLV_OK, "192.0.2.1:53 [2001:db8::1]:53 " },
	{ "servers on this machine are trusted",
	    "nameserver 127.0.0.1\nnameserver ::1\nnameserver 127.0.0.53\n"
	    "nameserver 127.0.0.54",
	    STS_RESOLV_OK,
	    "127.0.0.1:53! [::1]:53! 127.0.0.53:53! 127.0.0.54:53 " },
	{ "trust-ad", "options edns0 trust-ad\nnameserver 192.0.2.1\n",
	    STS_RESOLV_OK, "192.0.2.1:53! " },
	{ "trust-ad, then other options",
	    "options trust-ad\noptions edns0\nnameserver 192.0.2.1\n",
	    STS_RESOLV_OK, "192.0.2.1:53! " },
	{ "comments and unknown words",
	    "# nameserver 192.0.2.9\n;nameserver 192.0.2.8\nsearch x\n"
	    "nameserver\t192.0.2.1 # mine\n",
	    STS_RESOLV_OK, "192.0.2.1:53 " },
	{ "zone", "nameserver fe80::1%lo\n", STS_RESOLV_OK, "[fe80::1%1]:53 " },
	{ "one server unreadable", "nameserver x\nnameserver 192.0.2.1\n",
	    STS_RESOLV_OK, "192.0.2.1:53 " },
	{ "no server readable", "nameserver x\n", STS_RESOLV_MALFORMED, "" },
	{ "empty", "", STS_RESOLV_DEFAULT, "127.0.0.1:53! " },
	{ "no server listed", "search example.com\n", STS_RESOLV_DEFAULT,
	    "127.0.0.1:53! " },
	{ "more than we take",
	    "nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
	    "nameserver 192.0.2.3\nnameserver 192.0.2.4\n"
	    "nameserver 192.0.2.5\nnameserver 192.0.2.6\n"
	    "nameserver 192.0.2.7\nnameserver 192.0.2.8\n"
	    "nameserver 192.0.2.9\n",
	    STS_RESOLV_OK,
	    "192.0.2.1:53 192.0.2.2:53 192.0.2.3:53 192.0.2.4:53 "
	    "192.0.2.5:53 192.0.2.6:53 192.0.2.7:53 192.0.2.8:53 " },
};

static void
resolv_text(const struct sts_dns_servers *s, char *out)
{
	out[0] = '\0';
	for (unsigned i = 0; i < s->count; i++) {
		char one[STS_ADDR_TEXT_MAX];

		sts_addr_format(&s->addr[i], one);
		strcat(out, one);
		strcat(out, s->trusted[i] ? "! " : " ");
	}
}

START_TEST(resolv_conf_gives_its_servers)
{
	for (size_t i = 0; i < UNIT_COUNT(resolvs); i++) {
		struct sts_dns_servers s;
		char text[512];

		memset(&s, 0, sizeof s);
		unit_int(resolvs[i].name,
		    sts_resolv_read(
			file_of(resolvs[i].in, strlen(resolvs[i].in)), &s),
		    resolvs[i].result);
		resolv_text(&s, text);
		unit_text(resolvs[i].name, unit_span(text), resolvs[i].want);
	}
}
END_TEST

/* A line of ours that is longer than what is read of it is an error, others may
 * be as long as they like. */
START_TEST(resolv_long)
{
	static const struct {
		const char *line;
		size_t len;
		int result;
	} cases[] = {
		{ "nameserver 192.0.2.2", STS_LINE_MAX - 1, STS_RESOLV_OK },
		{ "nameserver 192.0.2.2", STS_LINE_MAX, STS_RESOLV_LONG },
		{ "options edns0", STS_LINE_MAX - 1, STS_RESOLV_OK },
		{ "options edns0", STS_LINE_MAX, STS_RESOLV_LONG },
		{ "options edns0", STS_LINE_MAX + 1, STS_RESOLV_LONG },
		{ "search example.com", 3 * STS_LINE_MAX, STS_RESOLV_OK },
		{ "# nameserver 192.0.2.2", 2 * STS_LINE_MAX, STS_RESOLV_OK },
	};
	static const char after[] = "\nnameserver 192.0.2.1\n";

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		static char text[4 * STS_LINE_MAX];
		struct sts_dns_servers s;
		size_t n = strlen(cases[i].line);

		memset(text, ' ', sizeof text);
		memcpy(text, cases[i].line, n);
		memcpy(text + cases[i].len, after, sizeof after);
		memset(&s, 0, sizeof s);
		unit_int(cases[i].line,
		    sts_resolv_read(file_of(text, strlen(text)), &s),
		    cases[i].result);
		ck_assert((s.count > 0) == (cases[i].result == STS_RESOLV_OK));
	}
}
END_TEST

START_TEST(a_missing_resolv_conf_means_this_machine)
{
	struct sts_dns_servers s;
	char text[512];

	memset(&s, 0, sizeof s);
	unit_int("result without a file",
	    sts_resolv_read("/nonexistent/resolv", &s), STS_RESOLV_DEFAULT);
	resolv_text(&s, text);
	ck_assert_str_eq(text, "127.0.0.1:53! ");
	s.count = 0;
	unit_int("result with a directory", sts_resolv_read("/etc", &s),
	    STS_RESOLV_UNREADABLE);
	ck_assert_uint_eq(s.count, 0);
}
END_TEST

/* A killed process of the same number, as in a container, may have left a file
 * beside the one to be replaced. That file does not prevent the replacement,
 * and is left there. */
START_TEST(a_file_left_behind_prevents_no_replacement)
{
	const char *name = file_of("old", 3);
	char left[256];
	bool changed;

	snprintf(left, sizeof left, "%s.new-%ld-0", name, (long)getpid());
	close(open(left, O_CREAT | O_EXCL | O_WRONLY, 0600));
	const char *problem =
	    sts_publish_write(name, unit_span("new"), &changed);

	ck_assert_msg(problem == NULL, "%s", problem);
	ck_assert(changed);
	unit_text("file", unit_file(name), "new");
	ck_assert_int_eq(unlink(left), 0);
	/* No other file is left. */
	left[strlen(left) - 1] = '1';
	ck_assert_int_eq(access(left, F_OK), -1);
}
END_TEST

/* The names in a file with that text, each after a blank. Returns how many
 * pieces had no name. */
static unsigned
names_of(const char *text, size_t n, char *out)
{
	static struct sts_names names;
	char name[STS_NAMES_MAX + 1];
	enum sts_names_result r;
	unsigned more = 0;

	out[0] = '\0';
	ck_assert_int_eq(sts_names_open(&names, file_of(text, n)), 0);
	while ((r = sts_names_next(&names, name)) != STS_NAMES_END) {
		ck_assert_int_ne(r, STS_NAMES_BROKEN);
		more += r == STS_NAMES_MORE;
		if (r == STS_NAMES_ONE) {
			strcat(out, " ");
			strcat(out, name);
		}
	}
	sts_names_close(&names);
	return more;
}

/* However long a comment is, one call reads one piece of it. A piece may end
 * anywhere in a line, or in JSON. */
START_TEST(names_are_read_in_pieces)
{
	static const char lines[] = "\na.example\nb.example secure x=y\n"
				    " more\n# c.example\nd.example";
	static const char list[] = "\"policies\":{\"a.example\":{\"mode\":1},"
				   "\"b.example\":{}}}";
	static char text[64 * STS_NAMES_PIECE];
	char out[128];

	memset(text, '#', sizeof text);
	memcpy(text + sizeof text - sizeof lines + 1, lines, sizeof lines - 1);
	ck_assert_uint_ge(names_of(text, sizeof text, out), 60);
	ck_assert_str_eq(out, " a.example b.example d.example");
	for (size_t i = 0; i < sizeof lines; i++) {
		size_t n = STS_NAMES_PIECE - i;

		memset(text, '#', n);
		memcpy(text + n, lines, sizeof lines - 1);
		names_of(text, n + sizeof lines - 1, out);
		ck_assert_str_eq(out, " a.example b.example d.example");
	}
	for (size_t i = 0; i < sizeof list; i++) {
		size_t n = STS_NAMES_PIECE - i;

		memset(text, ' ', n);
		text[0] = '{';
		memcpy(text + n, list, sizeof list - 1);
		names_of(text, n + sizeof list - 1, out);
		ck_assert_str_eq(out, " a.example b.example");
	}
}
END_TEST

/* Lines of every length around that of the buffer, with and without an end. */
START_TEST(lines_of_any_length_are_read)
{
	static char text[3 * STS_LINE_MAX];
	static struct sts_lines l;
	struct sts_text line;

	for (size_t n = STS_LINE_MAX - 2; n <= STS_LINE_MAX + 2; n++) {
		memset(text, 'a', sizeof text);
		text[0] = '\n';
		text[n + 1] = '\n';
		text[n + 2] = 'b';
		ck_assert_int_eq(sts_lines_open(&l, file_of(text, n + 3)), 0);
		ck_assert(sts_lines_next(&l, &line));
		ck_assert_uint_eq(line.n, 0);
		ck_assert(sts_lines_next(&l, &line));
		bool fits = n < STS_LINE_MAX;

		ck_assert_uint_eq(line.n, fits ? n : STS_LINE_MAX);
		ck_assert_int_eq(l.cut, !fits);
		ck_assert(sts_lines_next(&l, &line));
		unit_text("last", line, "b");
		ck_assert_uint_eq(l.number, 3);
		ck_assert(!sts_lines_next(&l, &line));
		ck_assert_int_eq(l.error, 0);
		sts_lines_close(&l);
	}
}
END_TEST

START_TEST(users_and_groups_are_found_by_name)
{
	struct sts_user u;
	gid_t gid = 7;
	char name[STS_USER_NAME_MAX + 1];

	ck_assert(sts_user_find(unit_span("root"), &u));
	ck_assert_uint_eq(u.uid, 0);
	ck_assert_uint_eq(u.gid, 0);
	ck_assert_uint_ge(u.group_count, 1);
	ck_assert(sts_group_find(unit_span("root"), &gid));
	ck_assert_uint_eq(gid, 0);
	ck_assert(!sts_user_find(unit_span(""), &u));
	ck_assert(!sts_user_find(unit_span("roo"), &u));
	ck_assert(!sts_user_find(unit_span("root:x"), &u));
	ck_assert(!sts_group_find(unit_span("no-such-group-here"), &gid));
	sts_user_name(0, name);
	ck_assert_str_eq(name, "root");
	sts_group_name(4000000001, name);
	ck_assert_str_eq(name, "4000000001");
}
END_TEST

/* A user that cannot be looked up is not reported as missing. */
START_TEST(a_user_not_looked_up_is_not_missing)
{
	struct rlimit was, none;
	struct sts_user u;
	gid_t gid = 7;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	ck_assert(!sts_user_find(unit_span("no-such-user-here"), &u));
	unit_int("errno for a missing user", errno, 0);
	ck_assert(!sts_group_find(unit_span("no-such-group-here"), &gid));
	unit_int("errno for a missing group", errno, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert(!sts_user_find(unit_span("root"), &u));
	unit_int("errno for a user, without descriptors", errno, EMFILE);
	ck_assert(!sts_group_find(unit_span("root"), &gid));
	unit_int("errno for a group, without descriptors", errno, EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	unit_int("gid after a failure", gid, 7);
}
END_TEST

/* Becoming another user is for good. (Check forks for each test.) */
START_TEST(becoming_another_user_is_for_good)
{
	struct sts_user u;

	if (getuid() != 0) {
		return; /* only the superuser can */
	}
	ck_assert(sts_user_find(unit_span("nobody"), &u));
	gid_t groups[] = { 1, 2, 3 };

	ck_assert_int_eq(setgroups(3, groups), 0);
	ck_assert_int_eq(sts_user_become(&u), 0);
	ck_assert_uint_eq(getuid(), u.uid);
	ck_assert_uint_eq(getgid(), u.gid);
	ck_assert_int_eq(setuid(0), -1);
	ck_assert_int_eq(setgid(0), -1);
	ck_assert_int_le(getgroups(0, NULL), 1);
}
END_TEST

/* While the daemon acts as another user, files are opened with that user's
 * rights, and the way back is open. */
START_TEST(acting_as_another_user_can_be_ended)
{
	struct sts_user u;
	gid_t groups[] = { 1, 2, 3 }, was[64];
	int count = getgroups(64, was);

	if (getuid() != 0) {
		return; /* only the superuser can */
	}
	ck_assert(sts_user_find(unit_span("nobody"), &u));
	ck_assert_int_eq(setgroups(3, groups), 0);
	const char *file = file_of("", 0);

	ck_assert_int_eq(chmod(file, 0600), 0);
	ck_assert_int_eq(sts_user_act(&u), 0);
	ck_assert_uint_eq(geteuid(), u.uid);
	ck_assert_uint_eq(getegid(), u.gid);
	ck_assert_int_le(getgroups(0, NULL), 1);
	ck_assert_int_eq(open(file, O_RDONLY), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(sts_user_return(), 0);
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert_uint_eq(getegid(), getgid());
	ck_assert_int_eq(setgroups((size_t)count, was), 0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_wrong_value_is_reported_with_what_is_expected);
	tcase_add_test(tc, wrong_zones_are_reported_by_their_parser);
	tcase_add_test(tc, an_address_may_be_listed_once);
	tcase_add_test(tc, a_word_ends_at_its_end);
	tcase_add_test(tc, a_password_is_taken_whole_or_not_at_all);
	tcase_add_test(tc, defaults_are_as_documented);
	tcase_add_test(tc, every_key_has_its_effect);
	tcase_add_test(tc, options_replace_the_file);
	tcase_add_test(tc, a_shortage_is_no_fault_of_the_configuration);
	tcase_add_test(tc, an_endless_file_is_not_read_to_its_end);
	tcase_add_test(tc, a_pipe_is_an_error_at_once);
	tcase_add_test(tc, an_error_names_file_and_line);
	tcase_add_test(tc, keys_may_be_repeated_up_to_a_limit);
	tcase_add_test(tc, a_replaced_line_is_no_difference);
	tcase_add_test(tc, a_reload_names_what_only_a_restart_can_change);
	tcase_add_test(tc, sizes_have_a_unit);
	tcase_add_test(tc, times_have_a_unit);
	tcase_add_test(tc, each_listener_line_is_read_or_refused);
	tcase_add_test(tc, resolv_conf_gives_its_servers);
	tcase_add_test(tc, resolv_long);
	tcase_add_test(tc, a_missing_resolv_conf_means_this_machine);
	tcase_add_test(tc, a_file_left_behind_prevents_no_replacement);
	tcase_add_test(tc, names_are_read_in_pieces);
	tcase_add_test(tc, lines_of_any_length_are_read);
	tcase_add_test(tc, users_and_groups_are_found_by_name);
	tcase_add_test(tc, a_user_not_looked_up_is_not_missing);
	tcase_add_test(tc, becoming_another_user_is_for_good);
	tcase_add_test(tc, acting_as_another_user_can_be_ended);
}
