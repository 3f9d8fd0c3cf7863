package evidence

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// queue is what waits in a unix socket: bytes, or of one that listens connections that
// were not accepted, and how many may wait.
type queue struct{ receive, send uint32 }

// The request and answer of sock_diag(7) for unix sockets (linux/unix_diag.h).
const (
	sockDiagByFamily = 20
	showQueues       = 0x10 // UDIAG_SHOW_RQLEN
	attrQueues       = 4    // UNIX_DIAG_RQLEN
	diagMsgSize      = 16
)

// unixQueues asks the kernel for the queues of all unix sockets of our own network
// namespace, by inode number. It is nil where the process is in another one, where the
// kernel does not answer within a second, and where it has no sock_diag(7).
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
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("open sock_diag: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return nil, fmt.Errorf("bound sock_diag: %w", err)
	}
	request := make([]byte, unix.SizeofNlMsghdr+24)
	binary.NativeEndian.PutUint32(request[0:], uint32(len(request)))
	binary.NativeEndian.PutUint16(request[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request[16] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(request[20:], ^uint32(0)) // in every state
	binary.NativeEndian.PutUint32(request[28:], showQueues)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("ask sock_diag: %w", err)
	}
	queues, buf := map[string]queue{}, make([]byte, 64<<10)
	for range maxTable / len(buf) {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return queues, fmt.Errorf("read sock_diag: %w", err)
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return queues, fmt.Errorf("read sock_diag: %w", err)
		}
		for _, m := range messages {
			if m.Header.Type != sockDiagByFamily {
				return queues, nil // NLMSG_DONE, or an error
			}
			if inode, q, ok := readQueue(m.Data); ok {
				queues[inode] = q
			}
		}
	}
	return queues, nil
}

// readQueue reads struct unix_diag_msg, which has the inode number at 4, and the
// attributes behind it: length, type, value, each beginning at a multiple of 4.
func readQueue(b []byte) (inode string, q queue, ok bool) {
	if len(b) < diagMsgSize {
		return "", q, false
	}
	inode = strconv.FormatUint(uint64(binary.NativeEndian.Uint32(b[4:])), 10)
	for b = b[diagMsgSize:]; len(b) >= 4; {
		size := int(binary.NativeEndian.Uint16(b))
		if size < 4 || size > len(b) {
			break
		}
		if binary.NativeEndian.Uint16(b[2:]) == attrQueues && size >= 12 {
			return inode, queue{binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint32(b[8:])}, true
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return inode, q, false
}
