/*
 * vital PID...: the bare loop of passive checks: of each process, once a second, one read
 * of stat and the number of descriptors (stat(2) of /proc/PID/fd). For a line "k N" on
 * stdin it does so N times through descriptors of stat that it keeps, for "o N" it opens
 * the file each time; then it prints the CPU time that one round took (ns). A round before
 * is to warm up.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char text[4096];

static long long used(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void name(char *path, const char *pid, const char *file) {
	stpcpy(stpcpy(path, pid), file);
}

static void once(int dir, int n, char **pids, int *kept) {
	char path[64];
	struct stat st;
	for (int i = 0; i < n; i++) {
		name(path, pids[i], "/stat");
		if (kept && kept[i] < 0)
			kept[i] = openat(dir, path, O_RDONLY | O_CLOEXEC);
		if (kept) {
			if (pread(kept[i], text, sizeof text, 0) <= 0)
				exit(1);
		} else {
			int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
			if (fd < 0 || read(fd, text, sizeof text) <= 0)
				exit(1);
			close(fd);
		}
		name(path, pids[i], "/fd");
		if (fstatat(dir, path, &st, 0))
			exit(1);
	}
}

int main(int argc, char **argv) {
	char line[64];
	const struct timespec second = {.tv_sec = 1};
	int n = argc - 1, dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int *kept = malloc((n + 1) * sizeof *kept);
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < n; i++)
		kept[i] = -1;
	while (fgets(line, sizeof line, stdin)) {
		int *with = line[0] == 'k' ? kept : NULL, rounds = atoi(line + 1);
		once(dir, n, argv + 1, with);
		long long before = used();
		for (int i = 0; i < rounds; i++) {
			nanosleep(&second, NULL);
			once(dir, n, argv + 1, with);
		}
		printf("%lld\n", (used() - before) / rounds);
		fflush(stdout);
	}
	return 0;
}
