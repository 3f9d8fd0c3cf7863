"""A daemon of several kinds for tests: victim.py KIND DIR [FD].

It serves at the port in DIR/port, which the first one chooses, answers each connection with its
PID, and lives as long as the FIFO DIR/alive has a writer, or until the test is over.
"""
import os, select, signal, socket, subprocess, sys, threading, time

kind, home = sys.argv[1], sys.argv[2]


def mortal():
    """Ends this process with the test; a fork has to ask for it again."""
    def watch():
        fd = os.open(home + "/alive", os.O_RDONLY | os.O_NONBLOCK)
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        try:
            os.read(fd, 1)  # nothing, where the writer has gone already
        except BlockingIOError:
            poll.poll()
        os._exit(0)
    threading.Thread(target=watch, daemon=True).start()


def listen():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        port = int(open(home + "/port").read())
    except FileNotFoundError:
        port = 0
    s.bind(("127.0.0.1", port))
    s.listen(16)
    with open(home + "/port.new", "w") as f:
        f.write(str(s.getsockname()[1]))
    os.rename(home + "/port.new", home + "/port")
    return s


def note(what):
    open("%s/%s-%d" % (home, what, os.getpid()), "w").close()


def serve(s):
    note("ready")
    while True:
        try:
            c, _ = s.accept()
        except OSError:
            time.sleep(3600)
        c.sendall(b"%d\n" % os.getpid())
        c.close()


def fork(then):
    pid = os.fork()
    if pid == 0:
        mortal()
        then()
        os._exit(0)
    return pid


def execute(kind, *fds):
    os.set_inheritable(fds[0], True) if fds else None
    os.execv(sys.executable, [sys.executable, __file__, kind, home] + [str(fd) for fd in fds])


def forever():
    while True:
        time.sleep(3600)


def gone_after(child_ready):
    """Serves no more; ends with 0 when the test says so, or at once."""
    child_ready()
    while not os.path.exists(home + "/leave"):
        time.sleep(0.02)
    os._exit(0)


def wait_ready(pid):
    while not os.path.exists("%s/ready-%d" % (home, pid)):
        time.sleep(0.02)


def on(sig, do):
    """Waits for a signal in the main thread while another serves."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {sig})
    signal.sigwait({sig})
    do()


mortal()
if kind == "plain":
    serve(listen())
elif kind == "silent":  # serves nowhere
    note("ready")
    forever()
elif kind == "prefork":
    s = listen()
    for _ in range(3):
        fork(lambda: serve(s))
    note("ready")
    forever()
elif kind in ("execs", "forks"):  # hands over on SIGUSR1
    s = listen() if len(sys.argv) < 4 else socket.socket(fileno=int(sys.argv[3]))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    threading.Thread(target=serve, args=(s,), daemon=True).start()
    signal.sigwait({signal.SIGUSR1})
    pid = fork((lambda: execute(kind, s.fileno())) if kind == "execs" else (lambda: serve(s)))
    s.close()
    note("handed")
    gone_after(lambda: wait_ready(pid))
elif kind in ("transfers", "sessions"):  # a child for each connection
    s = listen()
    note("ready")
    while True:
        c, _ = s.accept()

        def session():
            s.close()
            if kind == "sessions":
                os.setsid()
                execute("session", c.fileno())
            c.sendall(b"%d\n" % os.getpid())
            note("session")
            forever()

        if c.recv(1) == b"?":  # only asked whether it is there
            c.sendall(b"%d\n" % os.getpid())
        else:
            fork(session)
        c.close()
elif kind == "session":
    c = socket.socket(fileno=int(sys.argv[3]))
    c.sendall(b"%d\n" % os.getpid())
    note("session")
    forever()
elif kind == "launches":  # waits until its child serves, then until the test says so
    pid = fork(lambda: execute("plain"))
    note("launcher")
    gone_after(lambda: wait_ready(pid))
elif kind == "tries":  # as nginx -t does before the daemon itself
    sys.exit(0)
elif kind == "parent":  # starts two that serve, neither of which serves
    for _ in range(2):
        fork(lambda: execute("silent"))
    note("parent")
    forever()
