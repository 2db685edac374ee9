/* SPDX-License-Identifier: MIT */
/*
 * boards/posix/confine: what the daemon and its writer may do once confined;
 * anything else fails or ends the process. Each attempt is made by a child that
 * confines itself first.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../boards/posix/confine.h"
#include "../../core/base/assert.h"
#include "unit.h"

const char unit_name[] = "confine";

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "../../boards/posix/confine_linux.h"

enum {
	DIES = -SIGSYS,
	ABORTS = -SIGABRT,
	/* These numbers are the same on all machines. */
	IO_URING_SETUP = (int)STS_CALLS_FIRST + 425,
	CLONE3 = (int)STS_CALLS_FIRST + 435,
	LANDLOCK_CREATE = (int)STS_CALLS_FIRST + 444
};

/* A folder with a socket, a place for a journal, and a file that the daemon has
 * no use for. */
static char folder[] = "/tmp/mtasts-confine-XXXXXX";
static char outside[64], inside[64], deep[80];
static struct sts_conf conf;
static pid_t parent;
static int file = -1; /* opened before */

static int
result(long rc)
{
	return rc >= 0 ? 0 : errno;
}

/* Attempts that must succeed. */

static int
try_fork(void)
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0) {
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid ? status : errno;
}

static int
try_kill_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
	}
	return result(kill(pid, SIGKILL)) + result(waitpid(pid, NULL, 0));
}

static int
try_read(void)
{
	char byte;
	int fd = open(outside, O_RDONLY);

	return result(fd) + result(read(fd, &byte, 1)) + result(close(fd));
}

static int
try_stat(void)
{
	struct stat st;

	return result(stat(outside, &st)) + result(lstat(outside, &st)) +
	       result(access(outside, R_OK)) + result(fstat(file, &st));
}

static int
try_inet(void)
{
	return result(socket(AF_INET, SOCK_DGRAM, 0));
}

static int
try_pair(void)
{
	int ends[2];
	char byte;

	return result(socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) +
	       result(send(ends[0], "x", 1, MSG_NOSIGNAL)) +
	       result(recv(ends[1], &byte, 1, 0));
}

static int
try_poll(void)
{
	return result(poll(NULL, 0, 1));
}

static int
try_interface(void)
{
	return if_nametoindex("lo") > 0 || errno == ENODEV ? 0 : errno;
}

/* Take over a control socket. */
static int
bind_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	umask(0177);
	return result(bind(fd, (struct sockaddr *)&un, sizeof un));
}

static int
try_socket(void)
{
	int rc = bind_at(inside);
	int fd = open(inside, O_PATH | O_NOFOLLOW);
	struct stat st;

	return rc + result(fstat(fd, &st)) +
	       result(fchownat(fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH)) +
	       result(unlink(inside));
}

/* Make and rename a journal in a folder that exists. */
static int
try_journal(void)
{
	char fresh[96];
	int fd;

	snprintf(fresh, sizeof fresh, "%s.new", deep);
	fd = open(fresh, O_RDWR | O_CREAT, 0600);
	return result(fd) + result(ftruncate(fd, 16)) +
	       result(pwrite(fd, "x", 1, 15)) + result(fsync(fd)) +
	       result(rename(fresh, deep)) + result(unlink(deep));
}

static int
try_abort(void)
{
	sts_assert_failed("as it should", 0);
	return 0;
}

/* Attempts that end the process. */

static int
try_chmod(void)
{
	return result(chmod(inside, 0666));
}

static int
try_exec(void)
{
	char *const args[] = { NULL };

	return result(execve("/bin/true", args, args));
}

static int
try_ptrace(void)
{
	return result(syscall(SYS_ptrace, 16, parent, 0, 0));
}

static int
try_packet(void)
{
	return result(socket(AF_PACKET, SOCK_RAW, 0));
}

static int
try_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int
try_thread(void)
{
	return result(syscall(SYS_clone, CLONE_VM | CLONE_FS, 0, 0, 0, 0));
}

static int
try_namespace(void)
{
	return result(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}

static int
try_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
try_protect(void)
{
	static uint8_t page[8192];
	uintptr_t at = ((uintptr_t)page + 4095) & ~(uintptr_t)4095;

	return result(mprotect((void *)at, 4096, PROT_READ | PROT_EXEC));
}

static int
try_terminal(void)
{
	return result(ioctl(file, TIOCSTI, "x"));
}

static int
try_setuid(void)
{
	return result(setuid(0));
}

static int
try_chroot(void)
{
	return result(chroot("/"));
}

static int
try_memory_of_other(void)
{
	return result(
	    syscall(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0));
}

static int
try_unmask(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
try_limit_of_other(void)
{
	return result(syscall(SYS_prlimit64, parent, RLIMIT_CORE, NULL, NULL));
}

static int
try_mount(void)
{
	return result(syscall(SYS_mount, "none", folder, "tmpfs", 0, 0));
}

/* Calls that do not exist for the daemon. */

static int
try_io_uring(void)
{
	return result(syscall(IO_URING_SETUP, 1, NULL));
}

static int
try_clone3(void)
{
	return result(syscall(CLONE3, NULL, 0));
}

/* Attempts that files and the network refuse. */

static int
try_write(void)
{
	return result(open(outside, O_WRONLY));
}

static int
try_create(void)
{
	return result(open(inside, O_WRONLY | O_CREAT, 0600));
}

static int
try_unlink(void)
{
	return result(unlink(outside));
}

static int
try_journal_outside(void)
{
	return result(open("/tmp/mtasts-confine-nobody", O_RDWR | O_CREAT, 0));
}

static int
try_bind(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return result(bind(fd, (struct sockaddr *)&in, sizeof in));
}

static int
try_signal(void)
{
	return result(kill(parent, 0));
}

/* Attempts of the writer. */

static int
try_store(void)
{
	char byte;

	return result(pwrite(file, "x", 1, 0)) +
	       result(pread(file, &byte, 1, 0)) + result(fdatasync(file));
}

static int
try_open(void)
{
	return result(open("/dev/null", O_RDONLY));
}

static int
try_kill_self(void)
{
	return result(kill(getpid(), 0));
}

enum role {
	DAEMON,
	WRITER
};

/* by: 0, or the version of Landlock that is needed to refuse it. */
static const struct {
	const char *name;
	enum role role;
	int (*attempt)(void);
	int want; /* 0, an errno, or - a signal */
	int by;
} attempts[] = {
	{ "fork", DAEMON, try_fork, 0, 0 },
	{ "kill a child", DAEMON, try_kill_child, 0, 0 },
	{ "read a file", DAEMON, try_read, 0, 0 },
	{ "look at a file", DAEMON, try_stat, 0, 0 },
	{ "inet", DAEMON, try_inet, 0, 0 },
	{ "socketpair", DAEMON, try_pair, 0, 0 },
	{ "poll", DAEMON, try_poll, 0, 0 },
	{ "interface", DAEMON, try_interface, 0, 0 },
	{ "socket in its folder", DAEMON, try_socket, 0, 0 },
	{ "journal in its folder", DAEMON, try_journal, 0, 0 },
	{ "abort", DAEMON, try_abort, ABORTS, 0 },
	{ "execve", DAEMON, try_exec, DIES, 0 },
	{ "chmod", DAEMON, try_chmod, DIES, 0 },
	{ "ptrace", DAEMON, try_ptrace, DIES, 0 },
	{ "packet socket", DAEMON, try_packet, DIES, 0 },
	{ "netlink socket", DAEMON, try_netlink, DIES, 0 },
	{ "thread", DAEMON, try_thread, DIES, 0 },
	{ "namespace", DAEMON, try_namespace, DIES, 0 },
	{ "mmap of code", DAEMON, try_code, DIES, 0 },
	{ "mprotect to code", DAEMON, try_protect, DIES, 0 },
	{ "type at the terminal", DAEMON, try_terminal, DIES, 0 },
	{ "setuid", DAEMON, try_setuid, DIES, 0 },
	{ "chroot", DAEMON, try_chroot, DIES, 0 },
	{ "mount", DAEMON, try_mount, DIES, 0 },
	{ "process_vm_readv", DAEMON, try_memory_of_other, DIES, 0 },
	{ "another prctl", DAEMON, try_unmask, DIES, 0 },
	{ "prlimit of another", DAEMON, try_limit_of_other, DIES, 0 },
	{ "io_uring", DAEMON, try_io_uring, ENOSYS, 0 },
	{ "clone3", DAEMON, try_clone3, ENOSYS, 0 },
	{ "write to a file", DAEMON, try_write, EACCES, 1 },
	{ "make a file beside a socket", DAEMON, try_create, EACCES, 1 },
	{ "remove a file", DAEMON, try_unlink, EACCES, 1 },
	{ "journal elsewhere", DAEMON, try_journal_outside, EACCES, 1 },
	{ "listen", DAEMON, try_bind, EACCES, 4 },
	{ "signal another", DAEMON, try_signal, EPERM, 6 },
	{ "store", WRITER, try_store, 0, 0 },
	{ "abort", WRITER, try_abort, ABORTS, 0 },
	{ "open", WRITER, try_open, DIES, 0 },
	{ "socket", WRITER, try_inet, DIES, 0 },
	{ "fork", WRITER, try_fork, DIES, 0 },
	{ "signal", WRITER, try_kill_self, DIES, 0 },
	{ "execve", WRITER, try_exec, DIES, 0 },
	{ "mmap of code", WRITER, try_code, DIES, 0 },
};

/* In a child: confine it, then make the attempt. */
static void
confine_and(enum role role, int (*attempt)(void))
{
	char text[STS_CONFINE_TEXT_MAX];
	struct rlimit none = { 0, 0 };
	int null = open("/dev/null", O_WRONLY);

	setrlimit(RLIMIT_CORE, &none);
	dup2(null, STDERR_FILENO);
	if (sts_confine(&conf, deep, text) > STS_CONFINE_PART ||
	    (role == WRITER && sts_confine_writer() != 0)) {
		_exit(255);
	}
	_exit(attempt());
}

/* The errno with which an attempt ended, or - the signal. */
static int
outcome(enum role role, int (*attempt)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		confine_and(role, attempt);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(outside, sizeof outside, "%s.file", folder);
	snprintf(inside, sizeof inside, "%s/socket", folder);
	snprintf(deep, sizeof deep, "%s/a", folder);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	snprintf(deep, sizeof deep, "%s/a/b", folder);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	snprintf(deep, sizeof deep, "%s/a/b/journal", folder);
	file = open(outside, O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(write(file, "x", 1), 1);
	memset(&conf, 0, sizeof conf);
	conf.listen_count = 1;
	conf.listen[0].addr.af = STS_AF_LOCAL;
	memcpy(conf.listen[0].path, inside, strlen(inside));
}

static void
remove_folder(void)
{
	close(file);
	unlink(outside);
	unlink(inside);
	for (unsigned i = 0; i < 3; i++) {
		*strrchr(deep, '/') = '\0';
		rmdir(deep);
	}
}

/* Whether the system has seccomp, and this build uses it. */
static bool
has_seccomp(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(STS_INSTRUMENTED)
	return false;
#else
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
#endif
}

/* In a child: what sts_confine reports must fit what the system has. */
static int
try_result(void)
{
	char text[STS_CONFINE_TEXT_MAX];
	enum sts_confine_result want = STS_CONFINE_NONE;
	long version = syscall(LANDLOCK_CREATE, NULL, 0, 1);

	if (has_seccomp()) {
		want = version > 0 ? STS_CONFINE_DONE : STS_CONFINE_PART;
	}
	return sts_confine(&conf, NULL, text) == want ? 0 : 1;
}

START_TEST(confining_reports_what_the_system_has)
{
	int status = 0;

	make_folder();
	pid_t pid = fork();

	if (pid == 0) {
		_exit(try_result());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	remove_folder();
}
END_TEST

START_TEST(a_confined_process_can_do_its_work_and_no_more)
{
	long version = syscall(LANDLOCK_CREATE, NULL, 0, 1);

	if (!has_seccomp()) {
		return; /* the other test covers that it reports so */
	}
	parent = getpid();
	make_folder();
	for (size_t i = 0; i < UNIT_COUNT(attempts); i++) {
		if (attempts[i].by <= version || attempts[i].by == 0) {
			unit_int(attempts[i].name,
			    outcome(attempts[i].role, attempts[i].attempt),
			    attempts[i].want);
		}
	}
	remove_folder();
}
END_TEST

#endif

void
unit_tests(TCase *tc)
{
#if defined(__linux__)
	tcase_add_test(tc, confining_reports_what_the_system_has);
	tcase_add_test(tc, a_confined_process_can_do_its_work_and_no_more);
#else
	(void)tc;
#endif
}
