"""A server that executes itself in place on USR1, its listening socket inherited."""
import os, signal, socket, sys

def again(*_):
    listener.set_inheritable(True)
    os.execv(sys.executable, [sys.executable, "-S", __file__, str(listener.fileno())])

if len(sys.argv) > 1:
    listener, word = socket.socket(fileno=int(sys.argv[1])), b"again"
else:
    listener, word = socket.socket(), b"first"
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("@IP@", 8000))
    listener.listen(64)
signal.signal(signal.SIGUSR1, again)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
while True:
    client, _ = listener.accept()
    client.settimeout(5)
    client.recv(65536)
    client.sendall(b"HTTP/1.0 200 OK\r\n\r\nserved " + word + b"\n")
    client.close()
