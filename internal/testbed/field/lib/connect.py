"""connect.py ADDRESS PORT [PATTERN]: connects, and waits until what is read matches."""
import re, socket, sys

client = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
seen = b""
while len(sys.argv) > 3 and not re.search(sys.argv[3].encode(), seen):
    chunk = client.recv(4096)
    if not chunk:
        sys.exit("closed after %r" % seen)
    seen += chunk
