// Package sockdiag asks the kernel about the TCP and unix sockets of a network namespace
// (sock_diag(7)). The callers read the fields of the answers: struct inet_diag_msg of
// linux/inet_diag.h, and struct unix_diag_msg of linux/unix_diag.h with its attributes.
package sockdiag

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Constants of linux/sock_diag.h, inet_diag.h and unix_diag.h that package unix does not
// have.
const (
	InetSize = 72 // of struct inet_diag_msg
	UnixSize = 16 // of struct unix_diag_msg

	// What to show of a unix socket, and the attribute that has it.
	ShowName  = 0x01 // UDIAG_SHOW_NAME
	ShowIcons = 0x08 // UDIAG_SHOW_ICONS: the inodes of connections that were not accepted
	ShowQueue = 0x10 // UDIAG_SHOW_RQLEN
	AttrName  = 0    // UNIX_DIAG_NAME
	AttrIcons = 3    // UNIX_DIAG_ICONS
	AttrQueue = 4    // UNIX_DIAG_RQLEN: two 32-bit numbers, received and sent; of a listening one: waiting, and how many may

	// States, of include/net/tcp_states.h; a request has a set of them, for example
	// 1<<Listen.
	Established = 1
	Bound       = 7 // TCP_CLOSE: of a UDP socket without a peer, and of a unix one
	CloseWait   = 8
	Listen      = 10
	Any         = ^uint32(0) // the set of all

	byFamily    = unix.SOCK_DIAG_BY_FAMILY
	inetReqSize = 56 // struct inet_diag_req_v2
	unixReqSize = 24 // struct unix_diag_req
	bytecode    = 1  // INET_DIAG_REQ_BYTECODE
	opPortGE    = 2  // INET_DIAG_BC_S_GE
	opPortLE    = 3  // INET_DIAG_BC_S_LE
)

// native is the byte order of netlink(7).
var native = binary.NativeEndian

// Open opens a socket that answers about the network namespace of this thread, also if
// the thread enters another one later. If no answer comes within a second that is an
// error.
func Open() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return -1, fmt.Errorf("open a sock_diag socket: %w", err)
	}
	second := unix.Timeval{Sec: 1} // the kernel answers at once; nothing may hang for ever
	err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &second)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) // the kernel, and nobody else
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("open a sock_diag socket: %w", err)
	}
	return fd, nil
}

// OpenFor opens a socket that answers about the network namespace of a process, given by its
// /proc/PID/ns/net. Our own is not entered.
func OpenFor(file string) (int, error) {
	const own = "/proc/thread-self/ns/net"
	theirs, err := os.Readlink(file)
	if err != nil {
		return -1, fmt.Errorf("see its network namespace: %w", err)
	}
	if ours, err := os.Readlink(own); err == nil && ours == theirs {
		return Open()
	}
	there, err := os.Open(file)
	if err != nil {
		return -1, fmt.Errorf("open its network namespace: %w", err)
	}
	defer there.Close()
	home, err := os.Open(own)
	if err != nil {
		return -1, fmt.Errorf("open our own network namespace: %w", err)
	}
	defer home.Close()
	return openIn(int(there.Fd()), int(home.Fd()))
}

// openIn opens a socket that answers about another network namespace, given by a file of
// it (/proc/PID/ns/net). A thread enters that namespace (setns(2), which needs root) and
// comes back to its own. If it cannot come back, the thread ends here; otherwise it must
// not end, because processes that have it as their parent would end with it
// (PR_SET_PDEATHSIG of prctl(2)).
func openIn(there, home int) (fd int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = unix.Setns(there, unix.CLONE_NEWNET); err != nil {
			err = fmt.Errorf("it is in another network namespace, which we may not enter: %w", err)
			runtime.UnlockOSThread()
			return
		}
		fd, err = Open()
		if unix.Setns(home, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return fd, err
}

// InetRequest asks for the TCP sockets of a family in a set of states, of one local port
// if it is not 0. It overwrites b.
func InetRequest(b []byte, family byte, states uint32, port uint16) []byte {
	b = inet(b, family, unix.IPPROTO_TCP, states)
	if port != 0 {
		// Four words of a program: from this port, to this port. If a test fails, it jumps to
		// four bytes behind the end, which means no.
		b = native.AppendUint16(b, 4+16)
		b = native.AppendUint16(b, bytecode)
		for _, op := range []struct {
			code byte
			no   uint16
		}{{opPortGE, 20}, {opPortLE, 12}} {
			b = append(b, op.code, 8)
			b = native.AppendUint16(b, op.no)
			b = append(b, 0, 0)
			b = native.AppendUint16(b, port)
		}
	}
	return header(b)
}

// UDPRequest asks for the UDP sockets of a family in a set of states: 1<<Bound for those that
// are bound and not connected. It overwrites b.
func UDPRequest(b []byte, family byte, states uint32) []byte {
	return header(inet(b, family, unix.IPPROTO_UDP, states))
}

func inet(b []byte, family, protocol byte, states uint32) []byte {
	b = append(b[:0], make([]byte, unix.NLMSG_HDRLEN+inetReqSize)...)
	req := b[unix.NLMSG_HDRLEN:]
	req[0], req[1] = family, protocol
	native.PutUint32(req[4:], states)
	return b
}

// UnixRequest asks for the unix sockets in a set of states, and says what to show of
// each. It overwrites b.
func UnixRequest(b []byte, states, show uint32) []byte {
	b = append(b[:0], make([]byte, unix.NLMSG_HDRLEN+unixReqSize)...)
	req := b[unix.NLMSG_HDRLEN:]
	req[0] = unix.AF_UNIX
	native.PutUint32(req[4:], states)
	native.PutUint32(req[12:], show)
	return header(b)
}

func header(b []byte) []byte {
	native.PutUint32(b[0:], uint32(len(b)))
	native.PutUint16(b[4:], byFamily)
	native.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	return b
}

// Dump sends a request and calls take for each answer. take must not keep the answer: it
// is in buf, which must have room for a datagram of the kernel, 32 KiB.
func Dump(fd int, request, buf []byte, take func(msg []byte)) error {
	if _, err := unix.Write(fd, request); err != nil {
		return fmt.Errorf("ask sock_diag: %w", err)
	}
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("hear sock_diag: %d bytes: %w", n, err)
		}
		done, err := Answers(buf[:n], take)
		if done || err != nil {
			return err
		}
	}
}

// Answers calls take for each part of one datagram of netlink(7), and reports whether it
// was the last.
func Answers(b []byte, take func(msg []byte)) (done bool, err error) {
	for len(b) >= unix.NLMSG_HDRLEN {
		size := int(native.Uint32(b))
		if size < unix.NLMSG_HDRLEN || size > len(b) {
			return false, errors.New("sock_diag: a message that is cut off")
		}
		body := b[unix.NLMSG_HDRLEN:size]
		switch native.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			if len(body) >= 4 {
				return false, fmt.Errorf("sock_diag: %w", unix.Errno(-int32(native.Uint32(body))))
			}
			return false, errors.New("sock_diag: an error without a number")
		case byFamily:
			take(body)
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return false, nil
}

// Local is the local address of a struct inet_diag_msg.
func Local(msg []byte) netip.AddrPort { return addrPort(msg, 8, 4) }

// Remote is the other end's.
func Remote(msg []byte) netip.AddrPort { return addrPort(msg, 24, 6) }

func addrPort(msg []byte, host, port int) netip.AddrPort {
	ip := netip.AddrFrom4([4]byte(msg[host : host+4]))
	if msg[0] == unix.AF_INET6 {
		ip = netip.AddrFrom16([16]byte(msg[host : host+16]))
	}
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(msg[port:]))
}

// Queues is what waits in a struct inet_diag_msg: bytes, or, if it listens, the connections
// that were not accepted, and how many may be.
func Queues(msg []byte) (receive, send uint32) {
	return native.Uint32(msg[56:]), native.Uint32(msg[60:])
}

// Inode is the inode of the socket of a struct inet_diag_msg; 0 where no file has it.
func Inode(msg []byte) uint64 { return uint64(native.Uint32(msg[68:])) }

// UnixInode is that of a struct unix_diag_msg.
func UnixInode(msg []byte) uint64 { return uint64(native.Uint32(msg[4:])) }

// Name is a value of AttrName; an abstract one, which begins with a zero, begins with an @.
func Name(value []byte) string {
	return string(bytes.ReplaceAll(bytes.TrimRight(value, "\x00"), []byte{0}, []byte{'@'}))
}

// Attributes returns each netlink attribute of b, in the byte order of the machine.
func Attributes(b []byte, take func(kind uint16, value []byte)) {
	for len(b) >= 4 {
		size := int(native.Uint16(b))
		if size < 4 || size > len(b) {
			return
		}
		take(native.Uint16(b[2:]), b[4:size])
		b = b[min((size+3)&^3, len(b)):]
	}
}
