/*
 * crowd N NAME: forks N idle children of that name and prints their PIDs, one a line,
 * and an empty line. Then it obeys lines on stdin:
 *   f       forks one more child and prints its PID
 *   x       the same with a child that has executed a program, sleep(1)
 *   k PID   waits until everybody has gone to sleep (4 ms), notes the time, then kills
 *           that child, which stays a zombie
 *   r PID   reaps it and prints the noted time (CLOCK_MONOTONIC, ns)
 * It ends at the end of stdin, and its children die with it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static pid_t child(const char *name, int program) {
	pid_t parent = getpid(), pid = fork();
	if (pid < 0) {
		perror("crowd: fork");
		exit(1);
	}
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	if (getppid() != parent)
		_exit(0);
	if (program)
		execlp("sleep", name, "infinity", (char *)NULL);
	for (;;)
		pause();
}

int main(int argc, char **argv) {
	char line[64];
	long long killed = 0;
	const struct timespec quiet = {.tv_nsec = 4000000};
	if (argc != 3)
		return 2;
	/* The buffer must be empty at every fork, or children would hold a copy of it. */
	int n = atoi(argv[1]);
	pid_t *pids = calloc(n + 1, sizeof *pids);
	if (!pids)
		return 1;
	for (int i = 0; i < n; i++)
		pids[i] = child(argv[2], 0);
	for (int i = 0; i < n; i++)
		printf("%d\n", pids[i]);
	printf("\n");
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		switch (line[0]) {
		case 'f':
		case 'x':
			printf("%d\n", child(argv[2], line[0] == 'x'));
			fflush(stdout);
			break;
		case 'k':
			nanosleep(&quiet, NULL);
			killed = now();
			kill(atoi(line + 2), SIGKILL);
			break;
		case 'r':
			waitpid(atoi(line + 2), NULL, 0);
			printf("%lld\n", killed);
			fflush(stdout);
			break;
		}
	}
	return 0;
}
