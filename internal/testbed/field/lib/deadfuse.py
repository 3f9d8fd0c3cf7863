"""deadfuse.py DIRECTORY: a file system in which every name is an executable file, and whose
OPEN is never answered."""
import ctypes, os, struct, sys, time

fuse = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions" % fuse
if libc.mount(b"deadfuse", sys.argv[1].encode(), b"fuse", 6, options):
    sys.exit(os.strerror(ctypes.get_errno()))
LOOKUP, GETATTR, OPEN, INIT, FORGET, INTERRUPT, BATCH_FORGET, ACCESS, STATFS = 1, 3, 14, 26, 2, 36, 42, 34, 17
now = int(time.time())

def attr(node):
    mode = 0o40755 if node == 1 else 0o100755
    return struct.pack("<QQQQQQIIIIIIIIII", node, 64, 1, now, now, now, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

while True:
    request = os.read(fuse, 1 << 17)
    length, opcode, unique, node = struct.unpack_from("<IIQQ", request)
    if opcode == INIT:
        major, minor, ahead, flags = struct.unpack_from("<IIII", request, 40)
        body = struct.pack("<IIIIHHIIHHI", 7, 31, ahead, 0, 16, 12, 1 << 16, 1, 0, 0, 0) + bytes(28)
    elif opcode == LOOKUP:
        body = struct.pack("<QQQQII", 2, 0, 1, 1, 0, 0) + attr(2)
    elif opcode == GETATTR:
        body = struct.pack("<QII", 1, 0, 0) + attr(node)
    elif opcode in (FORGET, BATCH_FORGET, INTERRUPT, OPEN):
        continue
    else:
        os.write(fuse, struct.pack("<IiQ", 16, -38, unique))  # ENOSYS
        continue
    os.write(fuse, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
