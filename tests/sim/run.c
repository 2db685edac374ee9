/* SPDX-License-Identifier: MIT */
/*
 * Runs seeds: sim [options] [SEED | FIRST..LAST]...
 *
 *	-v         print what happens
 *	-o WORD    of it, lines with that word
 *	-w LIST    leave out these classes of faults (fault.h), with commas
 *	-d DAYS    so many days instead of what is drawn
 *	-s SECONDS fresh seeds for so long, from the first one given on
 *	-j N       so many at once
 *	-2         each seed twice: the same must happen
 *	-a         print seed and hash of its answers, to compare builds
 *	-q         no minimising
 *	-x         end at the first failure
 *
 * Each seed is a process of its own. One that fails is made smaller: what can
 * be left out without it passing is left out; then its last hours are printed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"
#include "trace.h"

enum {
	WORKERS = 64,
	HANG_S = 300, /* seconds of processor time after which a seed hangs */
	TAIL = 60, /* lines of a failing run */
	PROGRESS = 100, /* seeds between two lines of a long soak */
	QUESTIONS_A_DAY = 200, /* what makes a day an agent-day */
	LOOKUPS_A_DAY = 20,
	FAULTS_A_DAY = 2
};

/* The outcome of a seed, from the process that ran it. */
struct outcome {
	uint64_t seed, hash, answers_hash;
	unsigned long questions, answers, lookups, fetches, faults;
	unsigned days;
	int64_t t; /* when it failed */
	bool done, failed;
	char fault[100], whose[SITE_NAME];
};

struct totals {
	unsigned long seeds, failed, days, full_days, questions, lookups,
	    fetches, faults;
};

static struct sim_options options;
static bool twice, hashes, no_minimum, end_at_first;
static unsigned workers = 1, soak_s;
static struct totals totals;

/* ASan: what a run leaves behind is on purpose. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void
fill(struct outcome *o)
{
	unsigned i;

	memset(o, 0, sizeof *o);
	o->seed = sim.seed;
	o->hash = trace_hash;
	o->answers_hash = trace_answers;
	o->questions = sim.questions;
	o->answers = sim.answers;
	o->lookups = sim.lookups;
	o->fetches = sim.fetches;
	o->days = sim.plan.days;
	o->t = sim.t;
	o->done = true;
	for (i = 0; i < FAULTS; i++) {
		o->faults += sim.faults.struck[i];
	}
	if (sim.fault != NULL) {
		o->failed = true;
		snprintf(o->fault, sizeof o->fault, "%s", sim.fault);
		snprintf(o->whose, sizeof o->whose, "%s", sim.fault_of);
	}
}

/* Run a seed in its own process, which writes its outcome to fd. */
static void
play(const struct sim_options *o, int fd)
{
	struct rlimit limit = { HANG_S, HANG_S };
	struct outcome out;

	setrlimit(RLIMIT_CPU, &limit);
	sim_run(o);
	fill(&out);
	fflush(stdout);
	if (write(fd, &out, sizeof out) != (ssize_t)sizeof out) {
		exit(2);
	}
	exit(0);
}

static pid_t
spawn(const struct sim_options *o, int *fd)
{
	int ends[2];
	pid_t child;

	fflush(stdout);
	if (pipe(ends) != 0 || (child = fork()) < 0) {
		perror("sim");
		exit(2);
	}
	if (child == 0) {
		close(ends[0]);
		play(o, ends[1]);
	}
	close(ends[1]);
	*fd = ends[0];
	return child;
}

/* Read what the child wrote. A child that died has failed. */
static void
collect(int fd, int status, uint64_t seed, struct outcome *out)
{
	ssize_t n = read(fd, out, sizeof *out);

	close(fd);
	if (n == (ssize_t)sizeof *out) {
		return;
	}
	memset(out, 0, sizeof *out);
	out->seed = seed;
	out->failed = true;
	snprintf(out->fault, sizeof out->fault, "it died (status %d)", status);
}

static void
run_once(const struct sim_options *o, struct outcome *out)
{
	int fd, status = 0;
	pid_t child = spawn(o, &fd);

	waitpid(child, &status, 0);
	collect(fd, status, o->seed, out);
}

/* Whether two outcomes are the same failure: the same promise. */
static bool
same_failure(const struct outcome *a, const struct outcome *b)
{
	return b->failed && strcmp(a->fault, b->fault) == 0;
}

static void
print_repeat(const struct sim_options *o)
{
	unsigned i;
	bool first = true;

	printf("  repeat: make sim SEED=%llu", (unsigned long long)o->seed);
	if (o->days > 0) {
		printf(" SIM_DAYS=%u", o->days);
	}
	for (i = 0; i < FAULTS; i++) {
		if ((o->without & 1U << i) != 0) {
			printf("%s%s", first ? " SIM_WITHOUT=" : ",",
			    fault_name((enum fault_class)i));
			first = false;
		}
	}
	printf("\n");
}

/* Leave out of the run whatever the failure does not need. */
static struct sim_options
minimise(const struct outcome *failure)
{
	struct sim_options least = options;
	struct outcome out;
	unsigned i;

	least.seed = failure->seed;
	for (i = 0; i < FAULTS; i++) {
		struct sim_options o = least;

		o.without |= 1U << i;
		if (o.without != least.without) {
			run_once(&o, &out);
			if (same_failure(failure, &out)) {
				least = o;
			}
		}
	}
	return least;
}

/* Play the run again and print its last lines about the domain that failed. */
static void
print_tail(const struct sim_options *o, const struct outcome *failure)
{
	char(*lines)[400] = calloc(TAIL, sizeof *lines);
	unsigned long n = 0, i;
	int ends[2];
	FILE *f;

	fflush(stdout);
	if (lines == NULL || pipe(ends) != 0) {
		exit(2);
	}
	if (fork() == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(ends[1], 1);
		trace_prints = true;
		trace_only = failure->whose[0] != '\0' ? failure->whose : NULL;
		play(o, null);
	}
	close(ends[1]);
	f = fdopen(ends[0], "r");
	while (f != NULL && fgets(lines[n % TAIL], sizeof *lines, f) != NULL) {
		n++;
	}
	for (i = n > TAIL ? n - TAIL : 0; i < n; i++) {
		printf("    %s", lines[i % TAIL]);
	}
	fclose(f);
	wait(NULL);
	free(lines);
}

static void
print_failure(const struct outcome *o)
{
	struct sim_options least = options;

	printf("sim: seed %llu FAILED at %s: %s (%s)\n",
	    (unsigned long long)o->seed, trace_time(o->t), o->fault, o->whose);
	least.seed = o->seed;
	if (!no_minimum) {
		least = minimise(o);
	}
	print_repeat(&least);
	if (!no_minimum) {
		print_tail(&least, o);
	}
	fflush(stdout);
}

/* Seconds of processor time that the runs have taken. */
static double
cpu_s(void)
{
	struct tms t;

	times(&t);
	return (double)(t.tms_cutime + t.tms_cstime) /
	       (double)sysconf(_SC_CLK_TCK);
}

static void
print_totals(FILE *f)
{
	double s = cpu_s();

	fprintf(f,
	    "sim: %lu seeds, %lu failed; %lu days (%lu agent-days, %.0f a "
	    "second of processor time), %lu questions, %lu lookups, %lu "
	    "fetches, %lu faults\n",
	    totals.seeds, totals.failed, totals.days, totals.full_days,
	    (double)totals.full_days / (s > 0 ? s : 1), totals.questions,
	    totals.lookups, totals.fetches, totals.faults);
	fflush(f);
}

static void
count(const struct outcome *o)
{
	totals.seeds++;
	totals.failed += o->failed;
	totals.days += o->days;
	totals.questions += o->questions;
	totals.lookups += o->lookups;
	totals.fetches += o->fetches;
	totals.faults += o->faults;
	if (!o->failed && o->questions >= QUESTIONS_A_DAY * o->days &&
	    o->lookups >= LOOKUPS_A_DAY * o->days &&
	    o->faults >= FAULTS_A_DAY * o->days) {
		totals.full_days += o->days;
	}
	if (hashes) {
		printf("%llu %016llx\n", (unsigned long long)o->seed,
		    (unsigned long long)o->answers_hash);
	}
	if (o->failed) {
		print_failure(o);
	}
	if (totals.seeds % PROGRESS == 0 && !hashes) {
		printf("after seed %llu: ", (unsigned long long)o->seed);
		print_totals(stdout);
	}
}

static void
run_twice(uint64_t seed)
{
	struct sim_options o = options;
	struct outcome a, b;

	o.seed = seed;
	run_once(&o, &a);
	run_once(&o, &b);
	if (a.hash != b.hash) {
		a.failed = true;
		snprintf(a.fault, sizeof a.fault, "played twice, it differs");
	}
	count(&a);
}

/* Seeds from first to last, or until the time is over, on all workers. */
static void
run_seeds(uint64_t first, uint64_t last)
{
	struct {
		pid_t pid;
		int fd;
		uint64_t seed;
	} worker[WORKERS];
	time_t until = time(NULL) + (time_t)soak_s;
	uint64_t next = first;
	unsigned busy = 0, i;

	while (!end_at_first || totals.failed == 0) {
		struct outcome out;
		int status = 0;
		pid_t pid;

		while (busy < workers && (soak_s > 0 || next <= last) &&
		       (soak_s == 0 || time(NULL) < until)) {
			struct sim_options o = options;

			o.seed = worker[busy].seed = next++;
			worker[busy].pid = spawn(&o, &worker[busy].fd);
			busy++;
		}
		if (busy == 0) {
			break;
		}
		pid = waitpid(-1, &status, 0);
		for (i = 0; i < busy && worker[i].pid != pid; i++) {
		}
		if (i == busy) {
			continue;
		}
		collect(worker[i].fd, status, worker[i].seed, &out);
		worker[i] = worker[--busy];
		count(&out);
	}
	while (busy > 0) {
		kill(worker[--busy].pid, SIGKILL);
		waitpid(worker[busy].pid, NULL, 0);
		close(worker[busy].fd);
	}
	if (soak_s > 0) {
		printf("seeds %llu..%llu\n", (unsigned long long)first,
		    (unsigned long long)next - 1);
	}
}

static void
run_range(const char *word)
{
	char *end;
	uint64_t first = strtoull(word, &end, 10), last = first;

	if (strncmp(end, "..", 2) == 0) {
		last = strtoull(end + 2, NULL, 10);
	}
	if (twice) {
		for (; first <= last; first++) {
			run_twice(first);
		}
	} else {
		run_seeds(first, last);
	}
}

int
main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "vo:w:d:s:j:2aqx")) != -1) {
		switch (c) {
		case 'v':
			trace_prints = true;
			break;
		case 'o':
			trace_only = optarg;
			break;
		case 'w':
			options.without = fault_bits(optarg);
			break;
		case 'd':
			options.days = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			soak_s = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'j':
			workers = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case '2':
			twice = true;
			break;
		case 'a':
			hashes = true;
			break;
		case 'q':
			no_minimum = true;
			break;
		case 'x':
			end_at_first = true;
			break;
		default:
			return 2;
		}
	}
	if (workers == 0 || workers > WORKERS) {
		workers = 1;
	}
	for (; optind < argc; optind++) {
		run_range(argv[optind]);
	}
	print_totals(hashes ? stderr : stdout);
	return totals.failed == 0 && totals.seeds > 0 ? 0 : 1;
}
