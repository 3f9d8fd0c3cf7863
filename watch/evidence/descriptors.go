package evidence

import (
	"fmt"
	"os"
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
	sockets := map[string]string{} // by inode number, the descriptor
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
			sockets[strings.TrimSuffix(inode, "]")] = fd
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

// maxSockets is how many sockets are listed; maxTable is how much of one of the kernel's
// tables is read to find them: listening sockets come first.
const (
	maxSockets = 128
	maxTable   = 8 << 20
)

// sockets lists the sockets with their queues, from the tables of the process's own
// network namespace (/proc/PID/net; proc_pid_net(5)). These tables have no queues of unix
// sockets: those come from sock_diag(7), for our own namespace only.
func (s *subject) sockets(open map[string]string) {
	if len(open) == 0 {
		return
	}
	s.page.linef("  sockets: descriptor, protocol, local, remote, state, queues in bytes")
	s.page.linef("    (of one that listens: receive is the connections not accepted; of a unix one, send is how many may wait)")
	told, left, queues := 0, len(open), s.unixQueues()
	for _, proto := range []string{"tcp", "tcp6", "udp", "udp6", "unix"} {
		text, err := readAt(s.page, s.dir, s.via+"net/"+proto, maxTable)
		if err != nil {
			if !os.IsNotExist(err) {
				s.page.linef("    (%s: %s)", proto, inWords(err))
			}
			continue
		}
		for line := range strings.Lines(text) {
			inode, words := socket(proto, strings.Fields(line))
			fd, ours := open[inode]
			if !ours {
				continue
			}
			if q, known := queues[inode]; known && proto == "unix" {
				words += fmt.Sprintf(" send %d receive %d", q.send, q.receive)
			}
			if left--; told < maxSockets {
				told++
				s.page.linef("    %s %s %s", fd, proto, words)
			}
		}
	}
	s.page.more(len(open)-told, "sockets, of another kind or beyond the bound")
}

// socket reads one line of a table: the inode number, "" for the heading, and the rest in words.
func socket(proto string, f []string) (inode, words string) {
	if proto == "unix" { // Num RefCount Protocol Flags Type St Inode Path
		if len(f) < 7 {
			return "", ""
		}
		const accepting = 0x10000 // __SO_ACCEPTCON
		state := unixStates[f[5]]
		if flags, _ := strconv.ParseUint(f[3], 16, 32); flags&accepting != 0 {
			state = "LISTEN"
		}
		return f[6], strings.TrimSpace(strings.Join(f[7:], " ") + " " + state)
	}
	if len(f) < 10 { // sl local rem st tx:rx tr:when retrnsmt uid timeout inode
		return "", ""
	}
	tx, rx, _ := strings.Cut(f[4], ":")
	words = address(f[1]) + " " + address(f[2]) + " " + inetStates[f[3]]
	return f[9], words + " send " + decimal(tx) + " receive " + decimal(rx)
}

// The states of unix sockets (linux/net.h) and of TCP (net/tcp_states.h).
var (
	unixStates = map[string]string{"01": "UNCONNECTED", "02": "CONNECTING", "03": "CONNECTED", "04": "DISCONNECTING"}
	inetStates = map[string]string{
		"01": "ESTABLISHED", "02": "SYN_SENT", "03": "SYN_RECV", "04": "FIN_WAIT1", "05": "FIN_WAIT2", "06": "TIME_WAIT",
		"07": "CLOSE", "08": "CLOSE_WAIT", "09": "LAST_ACK", "0A": "LISTEN", "0B": "CLOSING", "0C": "NEW_SYN_RECV",
	}
)

func decimal(hex string) string {
	n, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		return "?"
	}
	return strconv.FormatUint(n, 10)
}
