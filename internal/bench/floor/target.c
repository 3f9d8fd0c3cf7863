/*
 * target NAME REPORT LIFELINE: a program that is watched and does nothing. It takes NAME
 * for its name and records T, with the time of its first instruction. It ends when the
 * writer of LIFELINE, a FIFO, is gone; so no target outlives the benchmark. What is not
 * given as an argument is taken from BENCH_NAME, BENCH_REPORT and BENCH_LIFELINE.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "record.h"

static char *word(int argc, char **argv, int i, const char *variable) {
	char *w = argc > i ? argv[i] : getenv(variable);
	if (!w)
		_exit(2);
	return w;
}

int main(int argc, char **argv) {
	char *name = word(argc, argv, 1, "BENCH_NAME");
	int report = open(word(argc, argv, 2, "BENCH_REPORT"), O_WRONLY | O_APPEND | O_CLOEXEC);
	/* Without O_NONBLOCK it would wait for a writer that may be gone already. */
	int life = open(word(argc, argv, 3, "BENCH_LIFELINE"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (report < 0 || life < 0)
		return 1;
	fcntl(life, F_SETFL, 0);
	prctl(PR_SET_NAME, name);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	record(report, 'T', name, began);
	close(report);
	char byte;
	while (read(life, &byte, 1) > 0)
		;
	return 0;
}
