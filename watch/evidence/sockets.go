package evidence

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"procward/internal/sockdiag"
)

// maxSockets is how many sockets of one process are listed.
const maxSockets = 128

// sockets lists the sockets with their queues, as the kernel knows them in the network
// namespace of the process (sock_diag(7)). Those that listen come first.
func (s *subject) sockets(open map[uint64]string) {
	if len(open) == 0 {
		return
	}
	s.page.linef("  sockets: descriptor, protocol, local, remote, state, queues in bytes")
	s.page.linef("    (of one that listens: receive is the connections not accepted; send is how many may wait)")
	s.page.reading("its sockets")
	fd, err := sockdiag.OpenFor(fmt.Sprintf("/proc/self/fd/%d/%sns/net", s.dir.Fd(), s.via))
	if err != nil {
		s.page.linef("    (%s)", inWords(err))
		return
	}
	defer unix.Close(fd)
	told := 0
	buf := make([]byte, 64<<10)
	for _, q := range questions {
		s.page.reading("its " + q.protocol + " sockets")
		err := sockdiag.Dump(fd, q.request, buf, func(msg []byte) {
			if len(msg) < q.size {
				return
			}
			inode, words := q.read(msg)
			if at, ours := open[inode]; ours && told < maxSockets {
				told++
				s.page.linef("    %s %s %s", at, q.protocol, words)
			}
		})
		if err != nil && !strings.HasSuffix(q.protocol, "6") { // a kernel may be without IPv6
			s.page.linef("    (%s: %s)", q.protocol, inWords(err))
		}
	}
	s.page.more(len(open)-told, "sockets, of another kind or beyond the bound")
}

// questions are what the kernel is asked.
var questions = []struct {
	protocol string
	request  []byte
	size     int // of an answer, at least
	read     func(msg []byte) (inode uint64, words string)
}{
	{"tcp", sockdiag.InetRequest(nil, unix.AF_INET, sockdiag.Any, 0), sockdiag.InetSize, inet},
	{"tcp6", sockdiag.InetRequest(nil, unix.AF_INET6, sockdiag.Any, 0), sockdiag.InetSize, inet},
	{"udp", sockdiag.UDPRequest(nil, unix.AF_INET, sockdiag.Any), sockdiag.InetSize, inet},
	{"udp6", sockdiag.UDPRequest(nil, unix.AF_INET6, sockdiag.Any), sockdiag.InetSize, inet},
	{"unix", sockdiag.UnixRequest(nil, sockdiag.Any, sockdiag.ShowName|sockdiag.ShowQueue), sockdiag.UnixSize, local},
}

// inet reads a struct inet_diag_msg.
func inet(msg []byte) (inode uint64, words string) {
	receive, send := sockdiag.Queues(msg)
	return sockdiag.Inode(msg), fmt.Sprintf("%s %s %s send %d receive %d", plain(sockdiag.Local(msg)), plain(sockdiag.Remote(msg)), stateOf(msg[1]), send, receive)
}

// plain writes an IPv4 address that an IPv6 socket has as one.
func plain(a netip.AddrPort) string { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String() }

// local reads a struct unix_diag_msg and its attributes.
func local(msg []byte) (inode uint64, words string) {
	state := "UNCONNECTED"
	switch msg[2] {
	case sockdiag.Listen:
		state = "LISTEN"
	case sockdiag.Established:
		state = "CONNECTED"
	}
	name, queues := "", ""
	sockdiag.Attributes(msg[sockdiag.UnixSize:], func(kind uint16, value []byte) {
		switch {
		case kind == sockdiag.AttrName:
			name = sockdiag.Name(value) + " "
		case kind == sockdiag.AttrQueue && len(value) >= 8:
			queues = fmt.Sprintf(" send %d receive %d", binary.NativeEndian.Uint32(value[4:]), binary.NativeEndian.Uint32(value))
		}
	})
	return sockdiag.UnixInode(msg), name + state + queues
}

// stateOf names a state of net/tcp_states.h.
func stateOf(n byte) string {
	names := [...]string{"?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"}
	if int(n) < len(names) {
		return names[n]
	}
	return "?"
}
