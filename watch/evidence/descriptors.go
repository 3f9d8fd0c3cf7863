package evidence

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits for the descriptors of one process: how many are counted, and how many files are
// named.
const (
	maxDescriptors = 65536
	maxFiles       = 64
)

// descriptors counts the open descriptors by kind, names the deleted and other files, and
// lists the sockets with their queues.
func (s *subject) descriptors() {
	s.page.linef("  descriptors")
	fds, more, err := s.names(s.via+"fd", maxDescriptors)
	if err != nil {
		s.page.linef("    (%s)", inWords(err))
		return
	}
	var kinds, files []string
	sockets := map[uint64]string{} // by inode number, the descriptor
	buf := make([]byte, unix.PathMax)
	for _, fd := range fds {
		if !s.page.reading("fd/" + fd) {
			return
		}
		n, err := unix.Readlinkat(int(s.dir.Fd()), s.via+"fd/"+fd, buf)
		if err != nil {
			continue // closed meanwhile
		}
		link := string(buf[:n])
		k := kind(link)
		kinds = append(kinds, k)
		if inode, ok := strings.CutPrefix(link, "socket:["); ok {
			n, _ := strconv.ParseUint(strings.TrimSuffix(inode, "]"), 10, 64)
			sockets[n] = fd
		} else if k == "file" || k == "deleted file" || k == "memory file" {
			files = append(files, fd+" "+link)
		}
	}
	s.page.linef("    %d: %s", len(kinds), counts(kinds, func(k string) string { return k }))
	if more {
		s.page.linef("    … and more: only %d are counted", maxDescriptors)
	}
	for _, f := range files[:min(len(files), maxFiles)] {
		s.page.linef("    %s", f)
	}
	s.page.more(len(files)-maxFiles, "files")
	s.sockets(sockets)
}

// kind is what a descriptor refers to, from its link in /proc/PID/fd (proc_pid_fd(5)).
func kind(link string) string {
	name, _, colon := strings.Cut(link, ":")
	switch {
	case name == "anon_inode" && colon:
		return link
	case colon && !strings.HasPrefix(link, "/"):
		return name // socket, pipe, mnt, net …
	case strings.HasPrefix(link, "/memfd:"):
		return "memory file"
	case strings.HasSuffix(link, " (deleted)"):
		return "deleted file"
	case strings.HasPrefix(link, "/dev/"):
		return "device"
	}
	return "file"
}
