/*
 * death: the least that tells the end of a process which is no child: pidfd_open(2) and
 * one epoll set. It obeys lines on stdin:
 *   t PID   tracks a process
 *   s       prints "s" and how many are tracked
 * and prints "PID TIME" (CLOCK_MONOTONIC, ns) for each death. It ends at the end of stdin.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int set, tracked;

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static void add(int fd, unsigned long long data) {
	struct epoll_event e = {.events = EPOLLIN | (data ? EPOLLET : 0), .data.u64 = data};
	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &e))
		fail("death: epoll_ctl");
}

static void obey(char *line) {
	if (line[0] == 's') {
		printf("s %d\n", tracked);
		fflush(stdout);
		return;
	}
	int pid = atoi(line + 2), fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		fail("death: pidfd_open");
	add(fd, (unsigned long long)fd << 32 | pid);
	tracked++;
}

/* Reads what is there and obeys the whole lines of it. */
static void commands(void) {
	static char buf[1 << 16];
	static size_t held;
	ssize_t n = read(0, buf + held, sizeof buf - held);
	if (n <= 0)
		exit(0);
	held += n;
	char *from = buf, *end;
	while ((end = memchr(from, '\n', buf + held - from))) {
		*end = 0;
		obey(from);
		from = end + 1;
	}
	held = buf + held - from;
	memmove(buf, from, held);
}

int main(void) {
	struct rlimit files;
	struct epoll_event ready[64];
	struct timespec t;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if ((set = epoll_create1(0)) < 0)
		fail("death: epoll_create1");
	add(0, 0);
	for (;;) {
		int n = epoll_wait(set, ready, 64, -1);
		clock_gettime(CLOCK_MONOTONIC, &t);
		for (int i = 0; i < n; i++) {
			if (!ready[i].data.u64) {
				commands();
				continue;
			}
			printf("%d %lld\n", (int)(ready[i].data.u64 & 0xffffffff), t.tv_sec * 1000000000LL + t.tv_nsec);
			fflush(stdout);
			close(ready[i].data.u64 >> 32);
			tracked--;
		}
	}
}
