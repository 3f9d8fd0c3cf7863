"""A resolver that reads and never answers."""
import socket

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("@IP@", 53))
while True:
    s.recv(4096)
