/*
 * victim: a process with one fault after the other, as the lines on stdin say. Each line
 * is answered by one. Its children end with it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, two = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;
static int listener = -1;
static volatile unsigned long work;
static void *volatile hoard;

static void *spin(void *arg) {
	for (;;)
		work++;
	return arg;
}

static void *idle(void *arg) {
	for (;;)
		pause();
	return arg;
}

/* Busy, but it waits for something now and then. */
static void *serve(void *arg) {
	struct timespec short_while = {0, 100000};
	for (;;) {
		for (int i = 0; i < 1000000; i++)
			work++;
		nanosleep(&short_while, NULL);
	}
	return arg;
}

static void *lock(void *arg) {
	pthread_mutex_t *first = arg, *second = first == &one ? &two : &one;
	pthread_mutex_lock(first);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(second);
	return arg;
}

static void threads(int n, void *(*run)(void *), void *arg) {
	pthread_t t;
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	while (n-- > 0)
		if (pthread_create(&t, &small, run, arg))
			exit(3);
}

/* A parent that ended before it was asked for sends no signal. */
static void end_with(pid_t parent) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static void children(int n, int linger) {
	pid_t self = getpid();
	while (n-- > 0)
		if (fork() == 0) {
			end_with(self);
			if (linger)
				pause();
			_exit(0);
		}
}

static int listen_on(const char *where) {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un un;
	} a;
	socklen_t size = sizeof a;
	memset(&a, 0, sizeof a);
	if (where[0] == '4') {
		a.v4.sin_family = AF_INET;
		a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		size = sizeof a.v4;
	} else if (where[0] == '6') {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_addr = in6addr_loopback;
		size = sizeof a.v6;
	} else {
		a.un.sun_family = AF_UNIX;
		strncpy(a.un.sun_path, where, sizeof a.un.sun_path - 1);
		size = sizeof a.un;
	}
	listener = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, &a.any, size) || listen(listener, 8))
		return -1;
	size = sizeof a;
	getsockname(listener, &a.any, &size);
	return a.any.sa_family == AF_INET ? ntohs(a.v4.sin_port) : a.any.sa_family == AF_INET6 ? ntohs(a.v6.sin6_port) : 0;
}

static int obey(char *line) {
	char *arg = strchr(line, ' ');
	int n = arg ? atoi(arg + 1) : 1;
	if (!strncmp(line, "spin", 4))
		threads(1, spin, NULL);
	else if (!strncmp(line, "idle", 4))
		threads(n, idle, NULL);
	else if (!strncmp(line, "serve", 5))
		threads(1, serve, NULL);
	else if (!strncmp(line, "deadlock", 8)) {
		pthread_barrier_init(&both, NULL, 2);
		threads(1, lock, &one);
		threads(1, lock, &two);
	} else if (!strncmp(line, "fd", 2))
		while (n-- > 0)
			dup(0);
	else if (!strncmp(line, "mem", 3))
		memset(hoard = malloc((size_t)n << 20), 1, (size_t)n << 20);
	else if (!strncmp(line, "zombie", 6))
		children(n, 0);
	else if (!strncmp(line, "child", 5))
		children(n, 1);
	else if (!strncmp(line, "listen", 6))
		return listen_on(arg + 1);
	else if (!strncmp(line, "accept", 6))
		return close(accept(listener, NULL, NULL));
	return 0;
}

static void *talk(void *arg) {
	char line[256];
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "vfork")) {
			pid_t self = getpid();
			puts("0");
			fflush(stdout);
			if (vfork() == 0) { /* this thread is in D until the child ends */
				end_with(self);
				for (;;)
					pause();
			}
		}
		if (!strcmp(line, "leave")) { /* the others live on */
			puts("0");
			fflush(stdout);
			threads(1, talk, NULL);
			pthread_exit(NULL);
		}
		printf("%d\n", obey(line));
		fflush(stdout);
	}
	exit(0);
	return arg;
}

int main(void) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	talk(NULL);
}
