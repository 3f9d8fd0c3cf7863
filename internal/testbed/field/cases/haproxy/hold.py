"""A server whose answer takes long, and a client of haproxy that waits for it."""
import os, socket, sys, time

if sys.argv[1] == "server":
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("@IP@", 8081))
    listener.listen(8)
    client, _ = listener.accept()
    open("@WORK@/held", "w").close()
    while not os.path.exists("@WORK@/go"):
        time.sleep(0.05)
    client.sendall(b"HTTP/1.0 200 OK\r\n\r\nlate\n")
    client.close()
else:
    client = socket.create_connection(("@IP@", 8080))
    client.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
    answer = b""
    while chunk := client.recv(4096):
        answer += chunk
    sys.exit(0 if b"late" in answer else 1)
