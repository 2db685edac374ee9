/* SPDX-License-Identifier: MIT */
/*
 * Instructions of a handshake on a Cortex-M3, for QEMU's lm3s6965evb with
 * -icount shift=0: of the whole, of the longest step of WORK, and of the
 * longest call that is not WORK. tls_record.c wrote the server's side. The
 * program has the vectors and the start code that it needs, and prints by
 * semihosting.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/bytes.h"
#include "../../tls/session.h"
#include "../../tls/x509/anchors.h"

struct recorded {
	const char *name, *host;
	int64_t date_s;
	const uint8_t *sent;
	size_t sent_len;
	const uint8_t *roots;
	size_t roots_len;
};

#include "tls_recorded.h"

enum {
	SYS_WRITE0 = 4,
	SYS_EXIT = 0x18,
	LOOPS = 1000000
};

#define SYST_CSR (*(volatile uint32_t *)0xe000e010U)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014U)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018U)
#define SYST_ON 5U /* from the core's clock, without interrupts */
#define SYST_MAX 0xffffffU
#define EXIT_GOOD 0x20026U

extern uint32_t sts_ld_stack_top[], sts_ld_data[], sts_ld_data_end[],
    sts_ld_data_load[], sts_ld_bss[], sts_ld_bss_end[];

static uint64_t session[STS_TLS_SIZE_MAX / 8 + 1];

static uint32_t
host_call(uint32_t op, uint32_t arg)
{
	register uint32_t r0 __asm__("r0") = op;
	register uint32_t r1 __asm__("r1") = arg;

	__asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
	return r0;
}

static void
print(const char *s)
{
	(void)host_call(SYS_WRITE0, (uint32_t)s);
}

STS_NORETURN static void
leave(uint32_t how)
{
	(void)host_call(SYS_EXIT, how);
	for (;;) {
	}
}

void
sts_assert_failed(const char *file, int line)
{
	(void)line;
	print("assertion failed: ");
	print(file);
	print("\n");
	leave(0);
}

void
sts_assert_failed_here(void)
{
	sts_assert_failed("?", 0);
}

/* Right-aligned in nine columns, with a blank before. */
static void
print_number(uint32_t v)
{
	char digits[20], out[12] = "          ";
	size_t n = sts_put_decimal((uint8_t *)digits, v);

	memcpy(out + sizeof out - 2 - n, digits, n);
	out[sizeof out - 2] = '\0';
	print(out);
}

/* The counter counts down, and wraps once in 1.3 thousand million instructions
 * at the clock that the board has after a reset. */
static uint32_t
since(uint32_t began)
{
	return (began - SYST_CVR) & SYST_MAX;
}

/* How many instructions a tick is, measured by a loop of two. */
static uint32_t
instructions_a_tick(void)
{
	uint32_t n = LOOPS, began = SYST_CVR;

	__asm__ volatile("1: subs %0, %0, #1\n bne 1b" : "+r"(n) : : "cc");
	return (2 * LOOPS + since(began) / 2) / since(began);
}

/* Make one call that the session wants. Returns whether it was a step of
 * WORK. */
static bool
step(struct sts_tls *t, const struct recorded *r, size_t *off)
{
	unsigned wants = sts_tls_wants(t);
	struct sts_span in;
	size_t n = r->sent_len - *off;

	if ((wants & STS_TLS_WORK) != 0) {
		sts_tls_work(t);
		return true;
	}
	if ((wants & STS_TLS_REC_SEND) != 0) {
		sts_tls_rec_send_ack(t, sts_tls_rec_send_buf(t).n);
		return false;
	}
	STS_ASSERT((wants & STS_TLS_REC_RECV) != 0);
	in = sts_tls_rec_recv_buf(t);
	n = n < in.n ? n : in.n;
	STS_ASSERT(n > 0);
	memcpy(in.p, r->sent + *off, n);
	*off += n;
	sts_tls_rec_recv_ack(t, n);
	return false;
}

static void
play(const struct recorded *r, uint32_t tick)
{
	struct sts_tls *t = (struct sts_tls *)session;
	struct sts_anchors set = { r->roots, r->roots_len, 1 };
	struct sts_text host = { (const uint8_t *)r->host, strlen(r->host) };
	uint32_t all = 0, work = 0, other = 0, works = 0;
	uint8_t rnd[STS_TLS_RND];
	size_t off = 0;

	memset(rnd, 0x5a, sizeof rnd);
	sts_tls_start(t, host, &set, r->date_s, rnd);
	while (!sts_tls_established(t)) {
		uint32_t began = SYST_CVR, took;
		bool worked = step(t, r, &off);

		took = since(began);
		all += took;
		works += worked;
		if (worked) {
			work = took > work ? took : work;
		} else {
			other = took > other ? took : other;
		}
	}
	print_number(all * tick / 1000);
	print_number(works);
	print_number(work * tick / 1000);
	print_number(other * tick / 1000);
	print("  ");
	print(r->name);
	print("\n");
}

static void
start(void)
{
	memcpy(sts_ld_data, sts_ld_data_load,
	    (size_t)((char *)sts_ld_data_end - (char *)sts_ld_data));
	memset(sts_ld_bss, 0,
	    (size_t)((char *)sts_ld_bss_end - (char *)sts_ld_bss));
	SYST_RVR = SYST_MAX;
	SYST_CVR = 0;
	SYST_CSR = SYST_ON;
	print("thousands of instructions: handshake, steps of work, longest "
	      "step, longest other call\n");
	for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
		play(&recorded[i], instructions_a_tick());
	}
	leave(EXIT_GOOD);
}

static void
fault(void)
{
	print("fault\n");
	leave(0);
}

static void (*const vectors[])(void) __attribute__((
    used, section(".vectors"))) = { (void (*)(void))sts_ld_stack_top, start,
	fault, fault, fault, fault };
