/*
 * reaper PROGRAM ARGS...: runs PROGRAM and reaps at once whatever loses its parent below
 * it, as a good init does; not every PID 1 does so. It hands on SIGTERM, and ends when
 * PROGRAM has ended, with its exit code.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t program;

static void hand_on(int sig) {
	if (program > 0)
		kill(program, sig);
}

int main(int argc, char **argv) {
	if (argc < 2)
		return 2;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1)) {
		perror("reaper");
		return 1;
	}
	signal(SIGINT, SIG_IGN); /* a terminal sends it to PROGRAM too */
	signal(SIGTERM, hand_on);
	pid_t pid = fork();
	if (pid < 0) {
		perror("reaper: fork");
		return 1;
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		execv(argv[1], argv + 1);
		perror("reaper: exec");
		_exit(127);
	}
	program = pid;
	for (;;) {
		int status;
		pid_t ended = wait(&status);
		if (ended < 0 && errno != EINTR)
			return 1;
		if (ended == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
}
