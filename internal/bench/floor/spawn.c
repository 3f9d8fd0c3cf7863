/*
 * spawn COUNT PARALLEL NAME PROGRAM ARGS...: runs PROGRAM COUNT times, so many at a time,
 * with the arguments NAME0001 (to COUNT) and ARGS. It prints the time before the first one
 * (CLOCK_MONOTONIC, ns) and ends when all have ended.
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

int main(int argc, char **argv) {
	if (argc < 5)
		return 2;
	int count = atoi(argv[1]), parallel = atoi(argv[2]), running = 0, failed = 0;
	char name[64], **args = argv + 3;
	const char *prefix = argv[3], *program = argv[4];
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	args[0] = argv[4];
	args[1] = name;
	for (int i = 1; i <= count || running;) {
		int status;
		pid_t pid;
		if (i <= count && running < parallel) {
			snprintf(name, sizeof name, "%s%04d", prefix, i++);
			if (posix_spawn(&pid, program, NULL, NULL, args, environ)) {
				perror("spawn");
				return 1;
			}
			running++;
			continue;
		}
		if (wait(&status) < 0)
			break;
		running--;
		failed += status != 0;
	}
	printf("%lld\n", t.tv_sec * 1000000000LL + t.tv_nsec);
	return failed != 0;
}
