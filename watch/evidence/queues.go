package evidence

import (
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"

	"procward/internal/sockdiag"
)

// queue is what waits in a unix socket: bytes, or, if it listens, connections that were
// not accepted, and how many may wait.
type queue struct{ receive, send uint32 }

// maxQueues is how many sockets are kept: as many as maxTable has lines, and more.
const maxQueues = maxTable / 32

// unixQueues asks the kernel for the queues of all unix sockets of our own network
// namespace, by inode number. It returns nil if the process is in another namespace, if
// the kernel does not answer within a second, or if it has no sock_diag(7).
func (s *subject) unixQueues() map[string]queue {
	ours, theirs := make([]byte, 64), make([]byte, 64)
	n, err := unix.Readlink(s.root+"/self/ns/net", ours)
	m, errTheirs := unix.Readlinkat(int(s.dir.Fd()), s.via+"ns/net", theirs)
	if err != nil || errTheirs != nil || string(ours[:n]) != string(theirs[:m]) {
		return nil
	}
	s.page.reading("the queues of unix sockets")
	queues, err := askQueues()
	if err != nil {
		return nil
	}
	return queues
}

func askQueues() (map[string]queue, error) {
	fd, err := sockdiag.Open()
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	queues := map[string]queue{}
	err = sockdiag.Dump(fd, sockdiag.UnixRequest(nil, sockdiag.Any, sockdiag.ShowQueue), make([]byte, 64<<10), func(msg []byte) {
		if inode, q, ok := readQueue(msg); ok && len(queues) < maxQueues {
			queues[inode] = q
		}
	})
	return queues, err
}

// readQueue reads struct unix_diag_msg, which has the inode number at 4, and the
// attribute behind it.
func readQueue(b []byte) (inode string, q queue, ok bool) {
	if len(b) < sockdiag.UnixSize {
		return "", q, false
	}
	sockdiag.Attributes(b[sockdiag.UnixSize:], func(kind uint16, value []byte) {
		if kind == sockdiag.AttrQueue && len(value) >= 8 {
			q, ok = queue{binary.NativeEndian.Uint32(value), binary.NativeEndian.Uint32(value[4:])}, true
		}
	})
	return strconv.FormatUint(uint64(binary.NativeEndian.Uint32(b[4:])), 10), q, ok
}
