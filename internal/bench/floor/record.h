/*
 * Records that scripts and targets leave in the report, a FIFO or a file that is appended
 * to: "KIND NAME PID TIME", one write(2) each; CLOCK_MONOTONIC in ns.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void record(int fd, char kind, const char *name, long long at) {
	char line[128];
	int n = snprintf(line, sizeof line, "%c %s %d %lld\n", kind, name, (int)getpid(), at);
	if (write(fd, line, n) != n)
		_exit(1);
}
