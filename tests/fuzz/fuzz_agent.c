/* SPDX-License-Identifier: MIT */
/*
 * The whole agent under a script of network events: see agent.h. Input: two
 * octets that shape the agent, then deeds, each an octet and its arguments.
 * After the end of the input, octets are 0.
 */
#include "../../core/base/assert.h"
#include "../mem/https.h"
#include "agent.h"

enum {
	DEEDS_MAX = 150
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_text script;

static uint8_t
take(void)
{
	uint8_t b = 0;

	if (script.n > 0) {
		b = script.p[0];
		script = sts_text(script.p + 1, script.n - 1);
	}
	return b;
}

/* Take a count and that many octets. */
static struct sts_text
take_bytes(void)
{
	size_t n = take();
	struct sts_text t;

	n = n < script.n ? n : script.n;
	t = sts_text(script.p, n);
	script = sts_text(script.p + n, script.n - n);
	return t;
}

static struct domain *
take_domain(void)
{
	return &play.domain[take() % DOMAINS];
}

static void
do_query(void)
{
	uint8_t client = take(), what = take();

	ask_query(client, what, take());
}

static void
do_query_raw(void)
{
	uint8_t client = take();
	struct sts_text t = take_bytes();

	ask_raw(client, t.p, t.n);
}

static void
do_client(void)
{
	uint8_t client = take();

	ask_client(client, take());
}

static void
do_api(void)
{
	uint8_t slot = take(), what = take(), zone = take();

	if (what == 255) {
		ask_api_end(slot);
	} else {
		ask_api(slot, what, zone);
	}
}

/* Milliseconds, seconds, or minutes. */
static void
do_pass(void)
{
	uint8_t n = take();

	play_pass(n < 64    ? n * 10
		  : n < 192 ? (n - 64) * SECOND
			    : (n - 192) * MINUTE);
}

/* Hours or days. */
static void
do_sleep(void)
{
	uint8_t n = take();

	play_sleep(
	    n < 128 ? (n + 1) * (int64_t)HOUR / 4 : (n - 127) * (int64_t)DAY);
}

static void
do_publish(void)
{
	struct domain *d = take_domain();
	uint8_t how = take();

	net_publish(d, how & 3, how / 4 & 7, (how & 128) == 0);
}

static void
do_names(void)
{
	struct domain *d = take_domain();
	uint8_t how = take();

	if ((how & 128) != 0) {
		d->addresses = (uint8_t)((how & 63) % DNS_CONDUCTS);
		d->inet6 = (how & 64) != 0;
	} else {
		d->txt = (uint8_t)(how % DNS_CONDUCTS);
	}
}

static void
do_host(void)
{
	struct domain *d = take_domain();
	uint8_t how = take();

	switch (how & 3) {
	case 0:
		d->conduct = how / 4 % HOST_CONDUCTS;
		break;
	case 1:
		d->kind = how / 4 % RESPONSE_KINDS;
		break;
	default:
		d->cert = how / 4 % HTTPS_CERTS;
		break;
	}
}

/* The next answer or response is changed in one place. */
static void
do_mutate(void)
{
	uint8_t how = take();

	play.mutates_host = (how & 128) != 0;
	play.mutation_count = how % (MUTATIONS + 1);
	for (unsigned i = 0; i < play.mutation_count; i++) {
		uint8_t high = play.mutates_host ? take() : 0;

		play.mutation[i].off = (uint16_t)(high << 8 | take());
		play.mutation[i].with = take();
	}
}

static void
do_raw_dns(void)
{
	uint8_t i = take(), how = take();
	struct sts_text t = take_bytes();

	net_raw_dns(i, how, t.p, t.n);
	play_settle();
}

static void
do_raw_host(void)
{
	uint8_t i = take();
	struct sts_text t = take_bytes();

	net_raw_host(i, t.p, t.n);
	play_settle();
}

static void
do_fail(void)
{
	uint8_t i = take();

	net_fail_host(i, take());
	play_settle();
}

static void
do_port(void)
{
	uint8_t what = take(), n = take();
	struct mem *m = &play.mem;

	switch (what % 8) {
	case 0:
		m->segment = n;
		break;
	case 1:
		m->space = 1 + n * 256u;
		break;
	case 2:
		m->channels_max = n < 128 ? n : MEM_CHANNELS;
		break;
	case 3:
		m->ports_taken = n;
		break;
	case 4:
		m->entropy_dry = n;
		break;
	case 5:
		m->no_inet6 = n % 2 == 1;
		break;
	case 6:
		m->loss = n % 101;
		break;
	default:
		m->twice = n % 101;
		m->swap = n / 2;
		break;
	}
}

static void
do_store(void)
{
	uint8_t what = take(), n = take();
	struct flash *f = &play.storage.flash;

	switch (what % 5) {
	case 0:
		f->again = n % 8;
		break;
	case 1:
		f->fail_from = f->ops + 1;
		f->fail_to = f->ops + 1 + n;
		break;
	case 2:
		f->cut_at = play.has_journal ? f->ops + 1 + n % 64 : 0;
		break;
	case 3:
		f->fail_reads = n % 16;
		break;
	default:
		f->fail_with = n % 2 == 0 ? STS_IO_LIMIT : STS_IO_RESET;
		break;
	}
}

static void
do_crash(void)
{
	play_crash((enum flash_cut)(take() % FLASH_CUTS));
}

static void
do_clock(void)
{
	static const int64_t steps_h[] = { 0, 1, 3, 48, 960, 262980, -1, -3,
		-48, -175320 };
	uint8_t n = take();

	play_clock(steps_h[n % 10] * HOUR, n >= 200);
}

/* A second set of settings, as a reload brings; enforcement off or on. */
static void
do_settings(void)
{
	uint8_t how = take();
	unsigned other = 1 - play.settings_at;

	if (sts_agent_settings_used(&play.agent, &play.settings[other])) {
		return;
	}
	play.settings[other].enforce_off = how % 4 == 3;
	play.settings_at = other;
	sts_agent_settings(&play.agent, &play.settings[other]);
	sts_driver_wake(&play.driver);
	if ((play.switches % 2 == 1) != (how % 4 == 3)) {
		play.switches++;
	}
}

static void
do_forget(void)
{
	struct domain *d = take_domain();

	sts_agent_forget(
	    &play.agent, sts_text((const uint8_t *)d->name, strlen(d->name)));
	d->held = false;
	play.forgot = play.t;
	sts_driver_wake(&play.driver);
}

static void
do_drain(void)
{
	if (take() == 7) {
		play_drain();
	}
}

static void
do_settle(void)
{
	play_settle();
}

static const struct {
	void (*run)(void);
	const char *name;
} deeds[] = {
	{ do_query, "query" },
	{ do_settle, "settle" },
	{ do_pass, "pass" },
	{ do_publish, "publish" },
	{ do_names, "names" },
	{ do_host, "host" },
	{ do_sleep, "sleep" },
	{ do_query_raw, "query-raw" },
	{ do_client, "client" },
	{ do_api, "api" },
	{ do_mutate, "mutate" },
	{ do_raw_dns, "raw-dns" },
	{ do_raw_host, "raw-host" },
	{ do_fail, "fail" },
	{ do_port, "port" },
	{ do_store, "store" },
	{ do_crash, "crash" },
	{ do_clock, "clock" },
	{ do_settings, "settings" },
	{ do_forget, "forget" },
	{ do_drain, "drain" },
};

/* Play the next deed with its arguments from the script. */
static void
do_next(void)
{
	unsigned i = take() % (sizeof deeds / sizeof *deeds);
	const uint8_t *p = script.p;

	play_log("%s %u %u %u", deeds[i].name, script.n > 0 ? p[0] : 0,
	    script.n > 1 ? p[1] : 0, script.n > 2 ? p[2] : 0);
	deeds[i].run();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t how;

	script = sts_text(data, size);
	how = take();
	play_begin(how, take());
	for (unsigned i = 0; i < DEEDS_MAX && script.n > 0; i++) {
		do_next();
	}
	play_settle();
	play_end();
	return 0;
}
