package vital

import (
	"fmt"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
	"procward/internal/sockdiag"
)

// spaces are the network namespaces of the processes whose sockets are looked at.
type spaces struct {
	dir     procfile.Dir
	known   map[space]*netns
	request []byte
	buf     []byte
}

// space is the identity of a namespace (namespaces(7)).
type space struct{ dev, ino uint64 }

func (s *spaces) open(dir procfile.Dir) {
	s.dir, s.known = dir, map[space]*netns{}
}

func (s *spaces) close() {
	for _, n := range s.known {
		unix.Close(n.fd)
	}
}

// of is the namespace of a process. If the leading thread has exited, tid is one that
// lives. A socket always answers about the namespace in which it was opened.
func (s *spaces) of(p *procfile.Path, pid, tid int) (*netns, error) {
	id, err := s.identify(p.Of(pid, tid, "ns/net"))
	if err != nil {
		return nil, fmt.Errorf("see its network namespace: %w", err)
	}
	if n := s.known[id]; n != nil {
		return n, nil
	}
	name := []byte("self/ns/net\x00")
	ours, err := s.identify(&name[0])
	if err != nil {
		return nil, fmt.Errorf("see our own network namespace: %w", err)
	}
	fd := -1
	if id == ours {
		fd, err = sockdiag.Open()
	} else {
		fd, err = s.openThere(p.Of(pid, tid, "ns/net"), &name[0])
	}
	if err != nil {
		return nil, err
	}
	n := &netns{fd: fd}
	s.known[id] = n
	return n, nil
}

func (s *spaces) identify(name *byte) (space, error) {
	var st unix.Stat_t
	err := s.dir.Inode(name, &st)
	return space{uint64(st.Dev), st.Ino}, err
}

// openThere opens a sock_diag socket in another namespace.
func (s *spaces) openThere(there, home *byte) (fd int, err error) {
	to, err := s.dir.Open(there, unix.O_RDONLY)
	if err != nil {
		return -1, fmt.Errorf("open its network namespace: %w", err)
	}
	defer unix.Close(to)
	back, err := s.dir.Open(home, unix.O_RDONLY)
	if err != nil {
		return -1, fmt.Errorf("open our own network namespace: %w", err)
	}
	defer unix.Close(back)
	return sockdiag.OpenIn(to, back)
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
