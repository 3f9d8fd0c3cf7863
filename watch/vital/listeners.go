package vital

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"procward/internal/sockdiag"
)

// netns answers questions about the listening sockets of one namespace, once a turn for
// all.
type netns struct {
	fd    int
	turn  uint64
	socks []listener // all TCP ones, and those of unix with something in the queue
	err   error
}

// listener is a listening socket.
type listener struct {
	inode  uint64
	length uint32
	family byte
	addr   netip.AddrPort // of TCP
}

// look reads all listening sockets of a namespace.
func (s *spaces) look(n *netns) {
	n.socks, n.err = n.socks[:0], nil
	if s.buf == nil {
		s.buf = make([]byte, bufSize)
	}
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		s.request = sockdiag.InetRequest(s.request, family, 1<<sockdiag.Listen, 0)
		if n.err = sockdiag.Dump(n.fd, s.request, s.buf, n.inet); n.err != nil {
			return
		}
	}
	s.request = sockdiag.UnixRequest(s.request, 1<<sockdiag.Listen, sockdiag.ShowQueue)
	n.err = sockdiag.Dump(n.fd, s.request, s.buf, n.unix)
}

// inet takes one struct inet_diag_msg of a listening socket.
func (n *netns) inet(msg []byte) {
	if len(msg) < sockdiag.InetSize || msg[1] != sockdiag.Listen {
		return
	}
	n.socks = append(n.socks, listener{
		inode: sockdiag.Inode(msg), length: binary.NativeEndian.Uint32(msg[56:]),
		family: msg[0], addr: sockdiag.Local(msg),
	})
}

// unix takes one struct unix_diag_msg.
func (n *netns) unix(msg []byte) {
	if len(msg) < sockdiag.UnixSize || msg[2] != sockdiag.Listen {
		return
	}
	l := listener{inode: sockdiag.UnixInode(msg), family: unix.AF_UNIX}
	sockdiag.Attributes(msg[sockdiag.UnixSize:], func(kind uint16, value []byte) {
		if kind == sockdiag.AttrQueue && len(value) >= 4 {
			l.length = binary.NativeEndian.Uint32(value)
		}
	})
	if l.length > 0 { // there are many others, and nobody asks for them
		n.socks = append(n.socks, l)
	}
}

// queue is a listening socket for the judgement, with the details that are read only for
// the few in which something waits.
func (s *spaces) queue(n *netns, l *listener) queue {
	q := queue{inode: l.inode, length: l.length}
	if l.family == unix.AF_UNIX {
		s.detail(n, &q)
	} else {
		q.where, q.waiting = "tcp "+l.addr.String(), s.waiting(n, l)
	}
	return q
}

// detail asks for the name of a unix socket, and for the inodes of the other ends of the
// connections that were not accepted.
func (s *spaces) detail(n *netns, q *queue) {
	q.where = "unix" // and nothing more if it has no name
	s.request = sockdiag.UnixRequest(s.request, 1<<sockdiag.Listen, sockdiag.ShowName|sockdiag.ShowIcons)
	err := sockdiag.Dump(n.fd, s.request, s.buf, func(msg []byte) {
		if len(msg) < sockdiag.UnixSize || sockdiag.UnixInode(msg) != q.inode {
			return
		}
		sockdiag.Attributes(msg[sockdiag.UnixSize:], func(kind uint16, value []byte) {
			switch kind {
			case sockdiag.AttrName:
				q.where = "unix " + strconv.Quote(sockdiag.Name(value))
			case sockdiag.AttrIcons:
				for ; len(value) >= 4 && len(q.waiting) < maxWaiting; value = value[4:] {
					q.waiting = append(q.waiting, uint64(binary.NativeEndian.Uint32(value)))
				}
			}
		})
	})
	if err != nil || len(q.waiting) == maxWaiting {
		q.waiting = nil
	}
	slices.Sort(q.waiting)
}

// maxWaiting is how many connections of one queue are remembered. Of a longer queue only
// the length is known.
const maxWaiting = 4096

// waiting are the cookies of the connections that were not accepted: those to the port
// that belong to no file yet. It is nil if sockets share the port: then it is not known
// which socket they belong to.
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
	s.request = sockdiag.InetRequest(s.request, l.family, 1<<sockdiag.Established|1<<sockdiag.CloseWait, l.addr.Port())
	err := sockdiag.Dump(n.fd, s.request, s.buf, func(msg []byte) {
		if len(msg) >= sockdiag.InetSize && sockdiag.Inode(msg) == 0 {
			waiting = append(waiting, binary.NativeEndian.Uint64(msg[44:]))
		}
	})
	if err != nil || len(waiting) > maxWaiting {
		return nil
	}
	slices.Sort(waiting)
	return waiting
}
