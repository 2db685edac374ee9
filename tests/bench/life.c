/* SPDX-License-Identifier: MIT */
/*
 * One life of a daemon: life SIGNAL KEY KEY MTASTS ARGUMENT...
 * From right before its execve() to its answers, as a supervisor of little
 * memory sees them. The daemon gets its listener as from systemd, with both
 * questions waiting in it, so that nothing is polled. Prints, for each answer,
 * milliseconds of the clock and of the processor and page faults since then; the
 * second answer; and sends the daemon the signal.
 * As `life null` it is the least that can answer: what a start costs by itself.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LISTEN_FD = 3, /* a supervisor's first */
	QUESTIONS = 2,
	TEXT_MAX = 65536
};

/* What a process has had so far. */
struct spent {
	double at_ms; /* of the monotonic clock */
	double cpu_ms;
	unsigned long faults;
};

static void
need(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Of /proc/PID/NAME the words behind the last ')', or all. */
static void
read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	FILE *f;
	char *end;

	snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
	f = fopen(path, "r");
	need(f != NULL && fgets(text, (int)size, f) != NULL, path);
	fclose(f);
	end = strrchr(text, ')');
	if (end != NULL) {
		memmove(text, end + 1, strlen(end + 1) + 1);
	}
}

static struct spent
spent(pid_t pid)
{
	struct spent s = { now_ms(), 0, 0 };
	char text[1024];

	read_proc(pid, "schedstat", text, sizeof text);
	s.cpu_ms = strtod(text, NULL) / 1e6;
	read_proc(pid, "stat", text, sizeof text);
	need(sscanf(text, " %*c %*d %*d %*d %*d %*d %*u %lu", &s.faults) == 1,
	    "stat");
	return s;
}

static int
listener(struct sockaddr_in *at)
{
	socklen_t n = sizeof *at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(at, 0, sizeof *at);
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(bind(fd, (struct sockaddr *)at, n) == 0 && listen(fd, 16) == 0 &&
		 getsockname(fd, (struct sockaddr *)at, &n) == 0,
	    "listen");
	return fd;
}

/* A client whose question waits for whoever accepts the connection. */
static int
ask(const struct sockaddr_in *at, const char *key)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	need(
	    connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 &&
		dprintf(fd, "%lu:postfix %s,",
		    (unsigned long)(strlen("postfix ") + strlen(key)), key) > 0,
	    "ask");
	return fd;
}

/* Keep a descriptor out of the way of LISTEN_FD, and of what is executed. */
static int
alone(int fd)
{
	int other = fcntl(fd, F_DUPFD_CLOEXEC, LISTEN_FD + 1);

	need(other >= 0, "fcntl");
	close(fd);
	return other;
}

static void
become(char **argv, int socket, int into)
{
	char pid[32];
	struct spent s;

	need(dup2(socket, LISTEN_FD) == LISTEN_FD, "dup2");
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	s = spent(getpid());
	s.at_ms = now_ms();
	need(write(into, &s, sizeof s) == (ssize_t)sizeof s, "pipe");
	close(into);
	execv(argv[0], argv);
	_exit(127);
}

/* Answer whoever asks the same. */
static void
be_null(void)
{
	for (unsigned i = 0; i < QUESTIONS; i++) {
		char text[TEXT_MAX];
		int fd = accept(LISTEN_FD, NULL, NULL);

		if (recv(fd, text, sizeof text, 0) > 0) {
			send(fd, "9:NOTFOUND ,", 12, 0);
		}
		close(fd);
	}
}

int
main(int argc, char **argv)
{
	static char text[TEXT_MAX + 1];
	struct sockaddr_in at;
	struct spent from;
	int out[2], clients[QUESTIONS], fd;
	pid_t pid;

	if (argc == 2 && strcmp(argv[1], "null") == 0) {
		be_null();
		return 0;
	}
	if (argc < 5) {
		fprintf(stderr, "usage: life SIGNAL KEY KEY MTASTS ...\n");
		return 2;
	}
	fd = alone(listener(&at));
	need(pipe(out) == 0, "pipe");
	out[0] = alone(out[0]);
	for (int i = 0; i < QUESTIONS; i++) {
		clients[i] = alone(ask(&at, argv[2 + i]));
	}
	pid = fork();
	if (pid == 0) {
		become(argv + 4, fd, out[1]);
	}
	need(read(out[0], &from, sizeof from) == (ssize_t)sizeof from, "fork");
	for (int i = 0; i < QUESTIONS; i++) {
		ssize_t n = recv(clients[i], text, TEXT_MAX, 0);
		struct spent s = spent(pid);

		text[n > 0 ? n : 0] = '\0';
		printf("%.3f %.3f %lu\n", s.at_ms - from.at_ms,
		    s.cpu_ms - from.cpu_ms, s.faults - from.faults);
		close(clients[i]);
	}
	printf("%s\n", text);
	kill(pid, atoi(argv[1]));
	waitpid(pid, NULL, 0);
	return 0;
}
