// Package traits reads what package succession needs for its judgement: of a process its
// program, layout, terminal, session, and where it serves. It only reads, never for long,
// and leaves out what it may not or cannot read.
package traits

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/internal/procfile"
	"procward/procscan"
	"procward/procscan/succession"
)

// Want is a process to be read.
type Want struct {
	procscan.ID
	Places []succession.Socket // also report connections that came in here
	Parent bool                // also read the parent
}

// Got is what was read of it.
type Got struct {
	succession.Traits
	Clients []succession.Socket
	Parent  succession.Parent
}

// patience is how long the reading of one process may take. budget is how long the slow
// ones of one reading may take together; after that no more is read.
const (
	patience = time.Second
	budget   = 2 * time.Second
)

// Reader reads traits. Several goroutines may use it.
type Reader struct {
	root   string
	guard  hang.Guard
	random bool // addresses are randomised
	loose  [2]int
}

// Open makes a Reader of a process table, which is /proc except in tests.
func Open(root string) *Reader {
	r := &Reader{root: root}
	text, err := os.ReadFile(filepath.Join(root, "sys/kernel/randomize_va_space"))
	r.random = err == nil && len(text) > 0 && text[0] != '0'
	if text, err = os.ReadFile(filepath.Join(root, "sys/net/ipv4/ip_local_port_range")); err == nil {
		_, _ = fmt.Sscan(string(text), &r.loose[0], &r.loose[1])
	}
	return r
}

// Read reads some processes. Those that have ended are left out.
func (r *Reader) Read(of []Want) map[procscan.ID]Got {
	out := make(map[procscan.ID]Got, len(of))
	nets := newNets(r)
	defer func() { nets.close() }()
	left := budget
	for _, w := range of {
		if left <= 0 {
			break
		}
		began, at := time.Now(), nets
		got, err := hang.Do(&r.guard, w.ID.String(), patience, func() (Got, error) {
			return r.one(w, at)
		})
		if err == nil {
			out[w.ID] = got
		}
		if took := time.Since(began); took >= patience {
			left -= took
			nets.close()
			nets = newNets(r)
		}
	}
	return out
}

// Gone returns those of the processes that have ended. Those that cannot be read are not
// among them.
func (r *Reader) Gone(of []procscan.ID) []procscan.ID {
	var out []procscan.ID
	for _, id := range of {
		s, err := r.stat(id.PID)
		if os.IsNotExist(err) || errors.Is(err, unix.ESRCH) || err == nil && s.Start != id.Start {
			out = append(out, id)
		}
	}
	return out
}

func (r *Reader) path(pid int, file string) string {
	return filepath.Join(r.root, strconv.Itoa(pid), file)
}

func (r *Reader) one(w Want, nets *nets) (Got, error) {
	s, err := r.stat(w.PID)
	if err != nil || s.Start != w.Start || s.dead { // a zombie shows less than what is known of it already
		return Got{}, procscan.ErrGone
	}
	got := Got{Traits: succession.Traits{Comm: string(s.Comm), Session: s.Session, TTY: s.TTY, At: procscan.Boottime()}}
	got.Layout = r.layout(w.PID, s)
	got.Program = r.program(w.PID)
	r.sockets(w, nets, &got)
	if w.Parent && s.PPID > 0 {
		got.Parent = r.parent(s.PPID)
	}
	if again, err := r.stat(w.PID); err != nil || again.Start != w.Start || again.dead {
		return Got{}, procscan.ErrGone
	} else if again.layout != s.layout {
		got.Layout = succession.Layout{} // it has just executed a program
	}
	return got, nil
}

func (r *Reader) parent(pid int) succession.Parent {
	s, err := r.stat(pid)
	if err != nil {
		return succession.Parent{}
	}
	p := procscan.Process{ID: procscan.ID{PID: pid, Start: s.Start}, Comm: string(s.Comm), PPID: s.PPID, Session: s.Session}
	return succession.Parent{Process: p, Layout: r.layout(pid, s)}
}

// stat is what is needed of /proc/PID/stat.
type stat struct {
	procfile.Stat
	dead   bool // it has ended or is about to, or its main thread has: it shows nothing
	layout succession.Layout
}

func (r *Reader) stat(pid int) (s stat, err error) {
	text, err := os.ReadFile(r.path(pid, "stat"))
	if err == nil {
		err = s.Parse(text)
	}
	s.dead = s.State == 'Z' || s.State == 'X' || s.Exiting()
	s.layout = succession.Layout{Code: s.Far(26), Stack: s.Far(28), Brk: s.Far(47)} // startcode, startstack, start_brk
	return s, err
}

// layout is the layout of a process, or zero if other processes could have the same:
// addresses are not randomised at all, or not for this one (personality(2)), or were not
// when it executed its program, so that its stack is at the very top.
func (r *Reader) layout(pid int, s stat) succession.Layout {
	const noRandom, top, argStart = 0x0040000, 1<<17 - 1, 48 // ADDR_NO_RANDOMIZE
	text, err := os.ReadFile(r.path(pid, "personality"))
	if !r.random || err != nil {
		return succession.Layout{}
	}
	persona, err := strconv.ParseUint(strings.TrimSpace(string(text)), 16, 64)
	if up := (s.Far(argStart) | top) + 1; err != nil || persona&noRandom != 0 || up&(up-1) == 0 {
		return succession.Layout{}
	}
	return s.layout
}

// program is the file that a process executes. If the file is on a server, the server is
// not asked.
func (r *Reader) program(pid int) succession.Program {
	path, err := os.Readlink(r.path(pid, "exe"))
	if err != nil {
		return succession.Program{}
	}
	out := succession.Program{Path: strings.TrimSuffix(path, " (deleted)")}
	var st unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, r.path(pid, "exe"), unix.AT_STATX_DONT_SYNC, unix.STATX_INO, &st) == nil {
		out.Dev, out.Ino = unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino
	}
	return out
}

// maxFiles is how many descriptors of a process are examined.
const maxFiles = 4096

// sockets finds out where a process serves, and which connections it has at the given
// places.
func (r *Reader) sockets(w Want, nets *nets, got *Got) {
	inodes, whole := r.descriptors(w.PID)
	if len(inodes) == 0 {
		got.Whole = whole
		return
	}
	if !nets.begin() {
		return
	}
	defer nets.end()
	n, err := nets.of(w.PID)
	if err != nil {
		return
	}
	for _, ino := range inodes {
		if s, ok := n.serving[ino]; ok {
			got.Serves = append(got.Serves, s)
		}
	}
	got.Whole = whole && n.err == nil
	if len(w.Places) > 0 {
		clients := n.connections(w.Places)
		for _, ino := range inodes {
			if s, ok := clients[ino]; ok {
				got.Clients = append(got.Clients, s)
			}
		}
	}
	slices.SortFunc(got.Serves, func(a, b succession.Socket) int { return strings.Compare(a.String(), b.String()) })
}

// descriptors returns the inodes of the sockets that a process has open, and whether
// these are all. It reads the links and does not follow them.
func (r *Reader) descriptors(pid int) (inodes []uint64, whole bool) {
	dir, err := os.Open(r.path(pid, "fd"))
	if err != nil {
		return nil, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxFiles)
	if err != nil && len(names) > 0 {
		return nil, false
	}
	for _, name := range names {
		link, err := os.Readlink(r.path(pid, "fd/"+name))
		if err != nil {
			if os.IsNotExist(err) {
				continue // closed meanwhile
			}
			return inodes, false
		}
		if text, is := strings.CutPrefix(link, "socket:["); is {
			if ino, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64); err == nil && !slices.Contains(inodes, ino) {
				inodes = append(inodes, ino)
			}
		}
	}
	return inodes, len(names) < maxFiles
}
