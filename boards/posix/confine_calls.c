/* SPDX-License-Identifier: MIT */
/*
 * The system calls of the daemon on Linux, with either C library. A call goes
 * by several names, depending on the machine and on the library: all those that
 * a machine has are here.
 *
 *	daemon      its own list, and the writer's
 *	writer      the child that writes the journal: files that are open
 *
 * Invariants: what is not listed ends the process (confine_linux.c), so a list
 * has each call that is made after the start, on every machine. A call whose
 * arguments matter is a rule, not a row: no rule allows memory that is
 * executable, a thread, a namespace, or a socket of another family. There is no
 * execve.
 *
 * The attacker has injected code into the daemon or its child. He can do what
 * they can and no more: no program, no other file than their modes and Landlock
 * allow, no process traced.
 */
#if defined(__linux__)
#define _DEFAULT_SOURCE
#endif

#include "confine.h"

#if defined(__linux__)

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "confine_linux.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* sched.h has them for _GNU_SOURCE only. */
enum {
	SHARED_MEMORY = 0x00000100, /* CLONE_VM: a thread, or vfork */
	NAMESPACES = 0x7e020000 /* all CLONE_NEW... */
};

/* linux/sockios.h. */
enum {
	IFACE_NAME = 0x8910, /* SIOCGIFNAME, */
	IFACE_INDEX = 0x8933, /* SIOCGIFINDEX: of fe80::1%eth0 */
	UNSENT = 0x894b /* SIOCOUTQNSD */
};

/* Beside the writer's; the most frequent ones first, and two of those here,
 * too. */
static const uint32_t daemon_calls[] = {
#ifdef __NR_epoll_wait
	__NR_epoll_wait,
#endif
	__NR_epoll_pwait,
	__NR_recvfrom,
	__NR_sendto,
	__NR_epoll_ctl,
	__NR_close,
	__NR_setsockopt,
	__NR_getsockopt,
	__NR_getsockname,
	__NR_getpeername,
	__NR_connect,
	__NR_bind,
	__NR_listen,
	__NR_recvmsg,
	__NR_sendmsg,
	__NR_accept4,
#ifdef __NR_accept
	__NR_accept,
#endif
#ifdef __NR_recv
	__NR_recv,
#endif
	__NR_readv,
	__NR_fcntl,
#ifdef __NR_fcntl64
	__NR_fcntl64,
#endif
#ifdef __NR_poll
	__NR_poll,
#endif
#ifdef __NR_ppoll
	__NR_ppoll,
#endif
#ifdef __NR_ppoll_time64
	__NR_ppoll_time64,
#endif
	__NR_getrandom,

/* The clocks, where they are not read without a call; sleeping. */
#ifdef __NR_clock_gettime
	__NR_clock_gettime,
#endif
#ifdef __NR_clock_gettime32
	__NR_clock_gettime32,
#endif
#ifdef __NR_clock_gettime64
	__NR_clock_gettime64,
#endif
#ifdef __NR_gettimeofday
	__NR_gettimeofday,
#endif
#ifdef __NR_gettimeofday_time32
	__NR_gettimeofday_time32,
#endif
#ifdef __NR_time
	__NR_time,
#endif
#ifdef __NR_nanosleep
	__NR_nanosleep,
#endif
#ifdef __NR_clock_nanosleep
	__NR_clock_nanosleep,
#endif
#ifdef __NR_clock_nanosleep_time32
	__NR_clock_nanosleep_time32,
#endif
#ifdef __NR_clock_nanosleep_time64
	__NR_clock_nanosleep_time64,
#endif

/* Files that are looked at and read again. */
#ifdef __NR_open
	__NR_open,
#endif
	__NR_openat,
	__NR_lseek,
#ifdef __NR__llseek
	__NR__llseek,
#endif
#ifdef __NR_access
	__NR_access,
#endif
	__NR_faccessat,

	/* A journal that could not be opened at the start. */
	__NR_flock,
#ifdef __NR_getppid
	__NR_getppid,
#endif
	__NR_fsync,
#ifdef __NR_fstatfs
	__NR_fstatfs,
#endif
#ifdef __NR_fstatfs64
	__NR_fstatfs64,
#endif
	__NR_ftruncate,
#ifdef __NR_ftruncate64
	__NR_ftruncate64,
#endif
#ifdef __NR_rename
	__NR_rename,
#endif
#ifdef __NR_renameat
	__NR_renameat,
#endif
	__NR_renameat2,

/* A control socket that could not be opened at the start. */
#ifdef __NR_unlink
	__NR_unlink,
#endif
	__NR_unlinkat,
#ifdef __NR_mkdir
	__NR_mkdir,
#endif
	__NR_mkdirat,
#ifdef __NR_rmdir
	__NR_rmdir,
#endif
	__NR_linkat,
	__NR_fchdir,
	__NR_geteuid,
#ifdef __NR_geteuid32
	__NR_geteuid32,
#endif
	__NR_umask,
	__NR_fchownat,

/* Children, and what the C library's fork does. */
#ifdef __NR_fork
	__NR_fork,
#endif
	__NR_set_tid_address,
	__NR_set_robust_list,
#ifdef __NR_rseq
	__NR_rseq,
#endif
	__NR_wait4,
	__NR_waitid,
	__NR_kill,
#ifdef __NR_futex
	__NR_futex,
#endif
#ifdef __NR_futex_time64
	__NR_futex_time64,
#endif

	/* Memory: the daemon takes none, but a C library may. */
	__NR_brk,
	__NR_munmap,
	__NR_mremap,
	__NR_madvise,
};

static const struct sts_call_rule daemon_rules[] = {
	{ __NR_socket, 0, STS_CALL_IS, AF_INET },
	{ __NR_socket, 0, STS_CALL_IS, AF_INET6 },
	{ __NR_socket, 0, STS_CALL_IS, AF_UNIX },
	{ __NR_socketpair, 0, STS_CALL_IS, AF_UNIX },
	{ __NR_ioctl, 1, STS_CALL_IS, TIOCOUTQ },
	{ __NR_ioctl, 1, STS_CALL_IS, UNSENT },
	{ __NR_ioctl, 1, STS_CALL_IS, IFACE_NAME },
	{ __NR_ioctl, 1, STS_CALL_IS, IFACE_INDEX },
	/* Those by which the C libraries ask whether it is a terminal. */
	{ __NR_ioctl, 1, STS_CALL_IS, TCGETS },
	{ __NR_ioctl, 1, STS_CALL_IS, TIOCGWINSZ },
	/* fork(), where it is no call of its own. */
	{ __NR_clone, 0, STS_CALL_WITHOUT, SHARED_MEMORY | NAMESPACES },
#ifdef __NR_mmap
	{ __NR_mmap, 2, STS_CALL_WITHOUT, PROT_EXEC },
#endif
#ifdef __NR_mmap2
	{ __NR_mmap2, 2, STS_CALL_WITHOUT, PROT_EXEC },
#endif
	{ __NR_mprotect, 2, STS_CALL_WITHOUT, PROT_EXEC },
	/* The writer confines itself further. */
	{ __NR_prctl, 0, STS_CALL_IS, PR_SET_SECCOMP },
};

/* Of the child that writes the journal: open files, whether the file has its
 * name, the link to the parent, what the C library's abort does, its end. */
static const uint32_t writer_calls[] = {
#ifdef __NR_close_range
	__NR_close_range,
#endif
	__NR_read,
	__NR_pread64,
	__NR_pwrite64,
	__NR_fdatasync,
#ifdef __NR_stat
	__NR_stat,
#endif
#ifdef __NR_stat64
	__NR_stat64,
#endif
#ifdef __NR_lstat
	__NR_lstat,
#endif
#ifdef __NR_lstat64
	__NR_lstat64,
#endif
#ifdef __NR_fstat
	__NR_fstat,
#endif
#ifdef __NR_fstat64
	__NR_fstat64,
#endif
#ifdef __NR_fstatat64
	__NR_fstatat64,
#endif
#ifdef __NR_newfstatat
	__NR_newfstatat,
#endif
	__NR_statx,
	__NR_sendto,
#ifdef __NR_send
	__NR_send,
#endif
#ifdef __NR_socketcall
	__NR_socketcall,
#endif
	__NR_write,
	__NR_writev,
	__NR_close,
	__NR_rt_sigaction,
	__NR_rt_sigprocmask,
	__NR_rt_sigreturn,
#ifdef __NR_sigreturn
	__NR_sigreturn,
#endif
	__NR_restart_syscall,
	__NR_tkill,
	__NR_tgkill,
	__NR_getpid,
	__NR_gettid,
	__NR_exit,
	__NR_exit_group,
#ifdef __NR_getrlimit
	__NR_getrlimit,
#endif
#ifdef __NR_ugetrlimit
	__NR_ugetrlimit,
#endif
};

static const struct sts_call_rule writer_rules[] = {
	/* Its own limits. */
	{ __NR_prlimit64, 0, STS_CALL_IS, 0 },
};

const struct sts_calls sts_calls_writer = { writer_calls, COUNT(writer_calls),
	writer_rules, COUNT(writer_rules), NULL };

const struct sts_calls sts_calls_daemon = { daemon_calls, COUNT(daemon_calls),
	daemon_rules, COUNT(daemon_rules), &sts_calls_writer };

#endif
