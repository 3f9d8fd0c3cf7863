// Package succession judges who is left after a death: which of the processes that match
// carries on, and which is only a worker, a session, a job or a stranger. It is pure: it
// gets everything that is known. If little is known, its verdict is less certain, and it
// never does more.
package succession

import (
	"slices"
	"strings"
	"time"

	"procward/procscan"
)

// Traits are what is remembered of a process in addition to its ID, to find out later
// what it left behind. What is not known has its zero value.
type Traits struct {
	Comm    string        `json:"comm,omitempty"`
	Program Program       `json:"program,omitzero"`
	Session int           `json:"session,omitempty"`
	TTY     int           `json:"tty,omitempty"` // tty_nr of proc_pid_stat(5); 0: none
	Layout  Layout        `json:"layout,omitzero"`
	Serves  []Socket      `json:"serves,omitempty"`
	Whole   bool          `json:"whole,omitempty"` // nobody else serves there
	At      time.Duration `json:"at,omitempty"`    // CLOCK_BOOTTIME of the reading; 0: nothing was read
}

// Program is the file that a process executes: its device and inode, and its path.
type Program struct {
	Dev  uint64 `json:"dev,omitempty"`
	Ino  uint64 `json:"ino,omitempty"`
	Path string `json:"path,omitempty"`
}

func (p Program) known() bool { return p.Ino != 0 && p.Path != "" }

// differs reports whether both are known and are not the same file, nor a new file at the
// same path.
func (p Program) differs(q Program) bool {
	return p.known() && q.known() && p.Path != q.Path && (p.Dev != q.Dev || p.Ino != q.Ino)
}

// Layout is where the kernel has put the parts of a program in memory: startcode,
// startstack and start_brk of proc_pid_stat(5). A fork has the layout of its parent until
// it executes a program, and if addresses are randomised no other process has it. It is
// zero if it cannot be read or shows nothing. (arg_start is not used: a process may move
// it, by PR_SET_MM of prctl(2), to get a longer title.)
type Layout struct {
	Code  uint64 `json:"code,omitempty"`
	Stack uint64 `json:"stack,omitempty"`
	Brk   uint64 `json:"brk,omitempty"`
}

// Known reports whether a layout can be compared.
func (l Layout) Known() bool { return l.Code > 1 && l.Stack != 0 && l.Brk != 0 }

// Same reports whether both are known, and equal.
func (l Layout) Same(m Layout) bool { return l.Known() && l == m }

// Socket is a place where a process serves: a listening TCP or unix(7) socket, or a bound
// UDP socket.
type Socket struct {
	Kind  string `json:"kind"`            // tcp, udp, unix
	Addr  string `json:"addr"`            // address and port, or the path; @ is an abstract one
	Inode uint64 `json:"ino"`             // of the socket, the same for all that have it open
	Loose bool   `json:"loose,omitempty"` // the kernel chose its port: the next process may get another one
}

func (s Socket) String() string { return s.Kind + " " + s.Addr }

// place is what two sockets have in common if they serve at the same place: a port,
// whatever the address, or a path. A socket that is bound to fewer addresses still serves
// there.
func (s Socket) place() string {
	if s.Kind == "unix" {
		if s.Addr == "" {
			return ""
		}
		return s.Kind + s.Addr
	}
	return s.Kind + s.Addr[strings.LastIndexByte(s.Addr, ':')+1:]
}

// at reports whether a socket is of those places.
func (s Socket) at(places []Socket) bool {
	return slices.ContainsFunc(places, func(p Socket) bool {
		return p.Inode != 0 && p.Inode == s.Inode || s.place() != "" && p.place() == s.place()
	})
}

// shared returns the sockets that are also among the given places.
func shared(sockets, places []Socket) []Socket {
	var out []Socket
	for _, s := range sockets {
		if s.at(places) {
			out = append(out, s)
		}
	}
	return out
}

// End is how a process has ended, as far as it matters here.
type End int

// The ends.
const (
	Unknown End = iota
	Clean       // by itself, with code 0
	Failed      // killed by a signal, or by itself with another code
	Stopped     // by procward
)

// Dead is one that was tracked and has ended.
type Dead struct {
	procscan.ID
	Had   Traits
	End   End
	At    time.Duration // when it was told; it may have been earlier
	Moved bool          // it executed a program after its traits were read
}

// Candidate is a process that lives, matches, and was not tracked.
type Candidate struct {
	procscan.Process
	Has     Traits
	Parent  Parent
	Clients []Socket // its connections at places where a dead one has served
	Outside bool     // it does not match, and has a socket of a dead one open
	Apart   bool     // it was there at the same time as the dead one, and is not a descendant of it
	Was     Verdict  // by an earlier judgement, which stays valid until something new is proven; or empty
	Held    []Socket // where it served when it was judged before
	Killed  bool     // Was LeftOver: it is known that its dead one was killed or failed
	Shared  bool     // Was LeftOver: it served where its dead one did
}

// Parent is the present parent of a candidate. The zero value: not known.
type Parent struct {
	procscan.Process
	Layout Layout
}

// Equal reports whether the same is known, whenever it was read.
func (t Traits) Equal(u Traits) bool {
	return t.Comm == u.Comm && t.Program == u.Program && t.Session == u.Session && t.TTY == u.TTY &&
		t.Layout == u.Layout && t.Whole == u.Whole && slices.Equal(t.Serves, u.Serves)
}
