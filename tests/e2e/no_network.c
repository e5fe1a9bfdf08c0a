/*
 * no_network PROGRAM ARGUMENT...: runs a program that the kernel kills, by SIGSYS, at its first
 * attempt to open a socket of any family or to use one it was given. The end-to-end tests run
 * builder under it.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "name this machine's AUDIT_ARCH_ constant here"
#endif

/* x32 calls share the architecture of x86_64 and are told apart by this bit of the number. */
#define X32_BIT 0x40000000U

#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define KILL_ON(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), KILL

static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0),
    KILL,
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
    KILL,
    KILL_ON(SYS_socket),
    KILL_ON(SYS_socketpair),
    KILL_ON(SYS_connect),
    KILL_ON(SYS_bind),
    KILL_ON(SYS_listen),
    KILL_ON(SYS_accept),
    KILL_ON(SYS_accept4),
    KILL_ON(SYS_sendto),
    KILL_ON(SYS_sendmsg),
    KILL_ON(SYS_sendmmsg),
    KILL_ON(SYS_recvfrom),
    KILL_ON(SYS_recvmsg),
    KILL_ON(SYS_recvmmsg),
    KILL_ON(SYS_io_uring_setup), /* sockets by another door */
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

int main(int argc, char **argv)
{
	const struct sock_fprog program = {
	    .len = sizeof(filter) / sizeof(filter[0]),
	    .filter = filter,
	};

	if (argc < 2) {
		(void)fputs("usage: no_network PROGRAM ARGUMENT...\n", stderr);
		return 125;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
		(void)fprintf(stderr, "no_network: seccomp: %s\n", strerror(errno));
		return 125;
	}
	(void)execv(argv[1], argv + 1);
	(void)fprintf(stderr, "no_network: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
