package traits

import (
	"fmt"
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
	fd, err := sockdiag.OpenFor(file)
	if err != nil {
		return nil, err
	}
	n := &network{fd: fd, loose: ns.r.loose, serving: map[uint64]succession.Socket{}, clients: map[uint16]map[uint64]succession.Socket{}, buf: make([]byte, 64<<10)}
	ns.known[id] = n
	n.err = n.read()
	return n, nil
}

// read lists all sockets at which somebody serves.
func (n *network) read() error {
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		six := family == unix.AF_INET6 // some kernels do not have it
		req := sockdiag.InetRequest(nil, family, 1<<sockdiag.Listen, 0)
		if err := sockdiag.Dump(n.fd, req, n.buf, func(msg []byte) { n.inet("tcp", msg) }); err != nil && !six {
			return err
		}
		req = sockdiag.UDPRequest(nil, family, 1<<sockdiag.Bound)
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
	addr := sockdiag.Local(msg)
	loose := int(addr.Port()) >= n.loose[0] && int(addr.Port()) <= n.loose[1]
	if kind == "udp" && (loose || addr.Port() == 0) {
		return
	}
	ino := sockdiag.Inode(msg)
	n.serving[ino] = succession.Socket{Kind: kind, Addr: addr.String(), Inode: ino, Loose: loose}
}

// unix takes one struct unix_diag_msg.
func (n *network) unix(msg []byte) {
	if len(msg) < sockdiag.UnixSize {
		return
	}
	s := succession.Socket{Kind: "unix", Inode: sockdiag.UnixInode(msg)}
	sockdiag.Attributes(msg[sockdiag.UnixSize:], func(kind uint16, value []byte) {
		if kind == sockdiag.AttrName {
			s.Addr = sockdiag.Name(value)
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
				ino := sockdiag.Inode(msg)
				found[ino] = succession.Socket{Kind: "tcp", Addr: sockdiag.Local(msg).String(), Inode: ino}
			}
		}) // a connection that is not seen makes no session
	}
	delete(found, 0)
	return found
}
