package vital

import (
	"cmp"
	"fmt"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
	"procward/internal/sockdiag"
)

// spaces are the network namespaces of the processes whose sockets are looked at.
type spaces struct {
	root    string
	dir     procfile.Dir
	known   map[space]*netns
	request []byte
	buf     []byte
}

// space is the identity of a namespace (namespaces(7)).
type space struct{ dev, ino uint64 }

func (s *spaces) open(root string, dir procfile.Dir) {
	s.root, s.dir, s.known = root, dir, map[space]*netns{}
}

func (s *spaces) close() {
	for _, n := range s.known {
		unix.Close(n.fd)
	}
}

// of is the namespace of a process. If the leading thread has exited, tid is one that
// lives. A socket always answers about the namespace in which it was opened.
func (s *spaces) of(p *procfile.Path, pid, tid int) (*netns, error) {
	var st unix.Stat_t
	err := s.dir.Inode(p.Of(pid, tid, "ns/net"), &st)
	id := space{uint64(st.Dev), st.Ino}
	if err != nil {
		return nil, fmt.Errorf("see its network namespace: %w", err)
	}
	if n := s.known[id]; n != nil {
		return n, nil
	}
	fd, err := sockdiag.OpenFor(fmt.Sprintf("%s/%d/task/%d/ns/net", s.root, pid, cmp.Or(tid, pid)))
	if err != nil {
		return nil, err
	}
	n := &netns{fd: fd}
	s.known[id] = n
	return n, nil
}

// prune closes the sockets of namespaces that nobody has asked for in a while, because
// they keep the namespaces alive.
func (s *spaces) prune(turn uint64) {
	for id, n := range s.known {
		if n.turn+forget < turn {
			unix.Close(n.fd)
			delete(s.known, id)
		}
	}
}
