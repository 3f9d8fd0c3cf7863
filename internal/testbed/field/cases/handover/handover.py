"""A server that hands over on USR1, by exec or by fork, serves no more, and drains."""
import os, signal, socket, subprocess, sys, time

how, drain = sys.argv[1], float(sys.argv[2])
if len(sys.argv) > 3:
    listener = socket.socket(fileno=int(sys.argv[3]))
else:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("@IP@", 8000))
    listener.listen(64)
asked = []
signal.signal(signal.SIGUSR1, lambda *_: asked.append(1))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listener.settimeout(0.1)
with open("@WORK@/pid", "w") as f:
    f.write("%d\n" % os.getpid())
while True:
    if asked:
        asked.clear()
        if how == "exec":
            listener.set_inheritable(True)
            subprocess.Popen([sys.executable, "-S", __file__, how, sys.argv[2], str(listener.fileno())], close_fds=False)
            break
        if os.fork():
            break
        with open("@WORK@/pid", "w") as f:
            f.write("%d\n" % os.getpid())
    try:
        client, _ = listener.accept()
    except OSError:
        continue
    client.settimeout(5)
    client.recv(65536)
    client.sendall(b"HTTP/1.0 200 OK\r\n\r\nserved by %d\n" % os.getpid())
    client.close()
listener.close()
time.sleep(drain)
