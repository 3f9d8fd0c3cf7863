package traits

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"procward/internal/sockdiag"
	"procward/procscan/succession"
)

// nets are the network namespaces of the processes of one reading.
type nets struct {
	r     *Reader
	known map[string]*network

	mu   sync.Mutex
	busy bool // somebody reads
	left bool // it is left behind while somebody reads: the reader closes it
}

// network is what one namespace has, read once for all processes in it.
type network struct {
	fd      int
	loose   [2]int
	err     error                        // the list below is not complete
	serving map[uint64]succession.Socket // by inode
	clients map[uint16]map[uint64]succession.Socket
	buf     []byte
}

func newNets(r *Reader) *nets { return &nets{r: r, known: map[string]*network{}} }

// begin reports whether somebody may begin to read. It returns false if the reading was
// given up and closed meanwhile.
func (ns *nets) begin() bool {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	ns.busy = !ns.left
	return ns.busy
}

// end says that a reader has finished.
func (ns *nets) end() {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.busy = false; ns.left {
		ns.shut()
	}
}

// close closes everything as soon as nobody reads.
func (ns *nets) close() {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	ns.left = true
	if !ns.busy {
		ns.shut()
	}
}

func (ns *nets) shut() {
	for _, n := range ns.known {
		unix.Close(n.fd)
	}
	ns.known = nil
}

// of is the network namespace of a process.
func (ns *nets) of(pid int) (*network, error) {
	file := ns.r.path(pid, "ns/net")
	id, err := os.Readlink(file)
	if err != nil {
		return nil, fmt.Errorf("see its network namespace: %w", err)
	}
	if n := ns.known[id]; n != nil {
		return n, nil
	}
	fd, err := ns.open(id, file)
	if err != nil {
		return nil, err
	}
	n := &network{fd: fd, loose: ns.r.loose, serving: map[uint64]succession.Socket{}, clients: map[uint16]map[uint64]succession.Socket{}, buf: make([]byte, 64<<10)}
	ns.known[id] = n
	n.err = n.read()
	return n, nil
}

func (ns *nets) open(id, file string) (int, error) {
	const self = "/proc/thread-self/ns/net"
	if own, err := os.Readlink(self); err == nil && own == id {
		return sockdiag.Open()
	}
	there, err := os.Open(file)
	if err != nil {
		return -1, fmt.Errorf("open its network namespace: %w", err)
	}
	defer there.Close()
	home, err := os.Open(self)
	if err != nil {
		return -1, fmt.Errorf("open our own network namespace: %w", err)
	}
	defer home.Close()
	return sockdiag.OpenIn(int(there.Fd()), int(home.Fd()))
}

// read lists all sockets at which somebody serves.
func (n *network) read() error {
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		six := family == unix.AF_INET6 // some kernels do not have it
		req := sockdiag.InetRequest(nil, family, 1<<sockdiag.Listen, 0)
		if err := sockdiag.Dump(n.fd, req, n.buf, func(msg []byte) { n.inet("tcp", msg) }); err != nil && !six {
			return err
		}
		req = sockdiag.BoundRequest(nil, family)
		if err := sockdiag.Dump(n.fd, req, n.buf, func(msg []byte) { n.inet("udp", msg) }); err != nil && !six {
			return err
		}
	}
	return sockdiag.Dump(n.fd, sockdiag.UnixRequest(nil, 1<<sockdiag.Listen, sockdiag.ShowName), n.buf, n.unix)
}

// inet takes one struct inet_diag_msg. A UDP socket at a port that the kernel chose
// belongs to a client.
func (n *network) inet(kind string, msg []byte) {
	if len(msg) < sockdiag.InetSize {
		return
	}
	addr := addrPort(msg)
	loose := int(addr.Port()) >= n.loose[0] && int(addr.Port()) <= n.loose[1]
	if kind == "udp" && (loose || addr.Port() == 0) {
		return
	}
	ino := uint64(binary.NativeEndian.Uint32(msg[68:]))
	n.serving[ino] = succession.Socket{Kind: kind, Addr: addr.String(), Inode: ino, Loose: loose}
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
func (n *network) unix(msg []byte) {
	if len(msg) < sockdiag.UnixSize {
		return
	}
	s := succession.Socket{Kind: "unix", Inode: uint64(binary.NativeEndian.Uint32(msg[4:]))}
	sockdiag.Attributes(msg[sockdiag.UnixSize:], func(kind uint16, value []byte) {
		if kind == sockdiag.AttrName { // an abstract one begins with a zero
			s.Addr = string(bytes.ReplaceAll(bytes.TrimRight(value, "\x00"), []byte{0}, []byte{'@'}))
		}
	})
	n.serving[s.Inode] = s
}

// maxPorts is how many places are checked for connections.
const maxPorts = 8

// connections are those that came in at the given places, by inode.
func (n *network) connections(places []succession.Socket) map[uint64]succession.Socket {
	out := map[uint64]succession.Socket{}
	for _, p := range places {
		port, err := strconv.ParseUint(p.Addr[strings.LastIndexByte(p.Addr, ':')+1:], 10, 16)
		if p.Kind != "tcp" || err != nil {
			continue
		}
		for ino, s := range n.at(uint16(port)) {
			out[ino] = s
		}
	}
	return out
}

func (n *network) at(port uint16) map[uint64]succession.Socket {
	if known, ok := n.clients[port]; ok || len(n.clients) >= maxPorts {
		return known
	}
	found := map[uint64]succession.Socket{}
	n.clients[port] = found
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		req := sockdiag.InetRequest(nil, family, sockdiag.Any&^(1<<sockdiag.Listen), port)
		_ = sockdiag.Dump(n.fd, req, n.buf, func(msg []byte) {
			if len(msg) >= sockdiag.InetSize {
				ino := uint64(binary.NativeEndian.Uint32(msg[68:]))
				found[ino] = succession.Socket{Kind: "tcp", Addr: addrPort(msg).String(), Inode: ino}
			}
		}) // a connection that is not seen makes no session
	}
	delete(found, 0)
	return found
}
