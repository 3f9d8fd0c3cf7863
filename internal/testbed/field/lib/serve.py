"""A server: serve.py ADDRESS PORT. It answers each request with its PID, one at a time."""
import os, signal, socket, sys

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen(64)
while True:
    client, _ = listener.accept()
    client.settimeout(5)
    try:
        client.recv(65536)
        body = b"pid %d\n" % os.getpid()
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    except OSError:
        pass
    client.close()
