package vital

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// netns answers about the listening sockets of one namespace, once a turn for all.
type netns struct {
	fd    int
	turn  uint64
	socks []listener // all TCP ones, and those of unix with something in the queue
	err   error
}

// listener is a listening socket.
type listener struct {
	inode   uint64
	length  uint32
	family  byte
	addr    netip.AddrPort // of TCP
	name    string         // of unix
	waiting []uint64       // of unix: the inodes of the connections' other ends
}

// look reads all listening sockets of a namespace.
func (s *spaces) look(n *netns) {
	n.socks, n.err = n.socks[:0], nil
	if s.buf == nil {
		s.buf = make([]byte, bufSize)
	}
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		s.request = inetRequest(s.request, family, 1<<stateListen, 0)
		if n.err = dump(n.fd, s.request, s.buf, n.inet); n.err != nil {
			return
		}
	}
	s.request = unixRequest(s.request)
	n.err = dump(n.fd, s.request, s.buf, n.unix)
}

// inet takes one struct inet_diag_msg of a listening socket.
func (n *netns) inet(msg []byte) {
	if len(msg) < inetMsgSize || msg[1] != stateListen {
		return
	}
	n.socks = append(n.socks, listener{
		inode: uint64(native.Uint32(msg[68:])), length: native.Uint32(msg[56:]),
		family: msg[0], addr: addrPort(msg),
	})
}

// addrPort is the local address of a struct inet_diag_msg.
func addrPort(msg []byte) netip.AddrPort {
	ip := netip.AddrFrom4([4]byte(msg[8:12]))
	if msg[0] == unix.AF_INET6 {
		ip = netip.AddrFrom16([16]byte(msg[8:24]))
	}
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(msg[4:]))
}

// unix takes one struct unix_diag_msg.
func (n *netns) unix(msg []byte) {
	if len(msg) < unixMsgSize || msg[2] != stateListen {
		return
	}
	l := listener{inode: uint64(native.Uint32(msg[4:])), family: unix.AF_UNIX}
	attributes(msg[unixMsgSize:], func(kind uint16, value []byte) {
		if kind == attrQueue && len(value) >= 4 {
			l.length = native.Uint32(value)
		}
	})
	if l.length == 0 {
		return // the others are many, and nobody asks for them
	}
	attributes(msg[unixMsgSize:], func(kind uint16, value []byte) {
		switch kind {
		case attrName:
			l.name = string(bytes.ReplaceAll(bytes.TrimRight(value, "\x00"), []byte{0}, []byte{'@'}))
		case attrIcons:
			for ; len(value) >= 4; value = value[4:] {
				l.waiting = append(l.waiting, uint64(native.Uint32(value)))
			}
			slices.Sort(l.waiting)
		}
	})
	n.socks = append(n.socks, l)
}

// queue is a listening socket for the judgement.
func (s *spaces) queue(n *netns, l *listener) queue {
	q := queue{inode: l.inode, length: l.length, waiting: l.waiting}
	if l.family == unix.AF_UNIX {
		q.where = "unix " + strconv.Quote(l.name)
		return q
	}
	q.where, q.waiting = "tcp "+l.addr.String(), s.waiting(n, l)
	return q
}

// maxWaiting is how many connections are remembered of one queue. Of a longer one only
// the length is.
const maxWaiting = 4096

// waiting are the cookies of the connections that nobody has accepted: those to the port
// that belong to no file yet. It is nil where sockets share the port: then whose they are
// cannot be told.
func (s *spaces) waiting(n *netns, l *listener) []uint64 {
	same := 0
	for i := range n.socks {
		if n.socks[i].family != unix.AF_UNIX && n.socks[i].addr.Port() == l.addr.Port() {
			same++
		}
	}
	if same != 1 || l.length > maxWaiting {
		return nil
	}
	waiting := make([]uint64, 0, l.length)
	s.request = inetRequest(s.request, l.family, 1<<stateEstablished|1<<stateCloseWait, l.addr.Port())
	err := dump(n.fd, s.request, s.buf, func(msg []byte) {
		if len(msg) >= inetMsgSize && native.Uint32(msg[68:]) == 0 {
			waiting = append(waiting, native.Uint64(msg[44:]))
		}
	})
	if err != nil || len(waiting) > maxWaiting {
		return nil
	}
	slices.Sort(waiting)
	return waiting
}
