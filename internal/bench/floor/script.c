/*
 * script NAME REPORT LIFELINE TARGET: a restart script. It starts TARGET detached, in a
 * session of its own, and ends. It records S at its first instruction, E at its last.
 */
#include "record.h"

int main(int argc, char **argv) {
	if (argc != 5)
		return 2;
	int report = open(argv[2], O_WRONLY | O_APPEND | O_CLOEXEC);
	if (report < 0)
		return 1;
	record(report, 'S', argv[1], began);
	pid_t pid = fork();
	if (pid < 0)
		return 1;
	if (pid == 0) {
		setsid();
		execl(argv[4], argv[4], argv[1], argv[2], argv[3], (char *)NULL);
		_exit(1);
	}
	struct timespec last;
	clock_gettime(CLOCK_MONOTONIC, &last);
	record(report, 'E', argv[1], last);
	return 0;
}
