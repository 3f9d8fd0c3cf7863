/*
 * Records that scripts and targets leave in the report, a FIFO or a file that is appended
 * to: "KIND NAME PID TIME", one write(2) each; CLOCK_MONOTONIC in ns.
 *
 * The time of the first instruction is taken there, before libc has begun: in a virtual
 * machine that takes longer than all the rest, as each of its many cpuid instructions
 * leaves the machine. The program is linked with the entry point "first".
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct timespec began;

/* clock_gettime(CLOCK_MONOTONIC, &began), then on to libc with all that it expects. */
#if defined(__x86_64__)
__asm__(".globl first\n"
	"first:\n"
	"	movl $228, %eax\n"
	"	movl $1, %edi\n"
	"	leaq began(%rip), %rsi\n"
	"	syscall\n"
	"	jmp _start\n");
#elif defined(__aarch64__)
__asm__(".globl first\n"
	"first:\n"
	"	mov x9, x0\n"
	"	mov x8, #113\n"
	"	mov x0, #1\n"
	"	adrp x1, began\n"
	"	add x1, x1, :lo12:began\n"
	"	svc #0\n"
	"	mov x0, x9\n"
	"	b _start\n");
#endif

static long long ns(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }

static void record(int fd, char kind, const char *name, struct timespec at) {
	char line[128];
	int n = snprintf(line, sizeof line, "%c %s %d %lld\n", kind, name, (int)getpid(), ns(at));
	if (write(fd, line, n) != n)
		_exit(1);
}
