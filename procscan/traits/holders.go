package traits

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/internal/sockdiag"
	"procward/procscan"
	"procward/procscan/succession"
)

// Holder is a process that has one of the given sockets open.
type Holder struct {
	procscan.Process
	Got
}

// Limits of the search for holders: how many are reported, and how long it may take to
// look at the likely processes, and at all.
const (
	maxHolders = 64
	likelyTime = 700 * time.Millisecond
	searchTime = 400 * time.Millisecond
)

// Holders finds the processes, except the known ones, that have exactly one of the
// sockets of places open. First it asks the kernel, for the network namespace of
// procward, whether one of these sockets still exists. Only then it looks at all
// processes, for a limited time, first at those of the given sessions and at those that
// have lost their parent.
func (r *Reader) Holders(places []succession.Socket, sessions map[int]bool, known map[procscan.ID]bool) []Holder {
	found, _ := hang.Do(&r.guard, "holders", patience+likelyTime, func() ([]procscan.Process, error) {
		return r.search(r.there(places), sessions, known), nil
	})
	var wants []Want
	for _, q := range found {
		wants = append(wants, Want{ID: q.ID, Parent: true})
	}
	var out []Holder
	if len(wants) > 0 {
		for id, got := range r.Read(wants) {
			q := procscan.Process{ID: id, Comm: got.Comm, PPID: got.Parent.PID, Session: got.Session}
			if i := slices.IndexFunc(found, func(q procscan.Process) bool { return q.ID == id }); got.Parent.PID == 0 {
				q.PPID = found[i].PPID
			}
			out = append(out, Holder{Process: q, Got: got})
		}
	}
	slices.SortFunc(out, func(a, b Holder) int { return cmp.Compare(a.PID, b.PID) })
	return out
}

// there returns the inodes of the sockets that are still in use.
func (r *Reader) there(places []succession.Socket) map[uint64]bool {
	if len(places) == 0 {
		return nil
	}
	fd, err := sockdiag.Open()
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n := &network{fd: fd, loose: r.loose, serving: map[uint64]succession.Socket{}, buf: make([]byte, 64<<10)}
	_ = n.read() // if it is not reported it is not searched
	out := map[uint64]bool{}
	for _, p := range places {
		if _, ok := n.serving[p.Inode]; ok && p.Inode != 0 {
			out[p.Inode] = true
		}
	}
	return out
}

// search looks at the open files of each process.
func (r *Reader) search(inodes map[uint64]bool, sessions map[int]bool, known map[procscan.ID]bool) []procscan.Process {
	if len(inodes) == 0 {
		return nil
	}
	likely, rest := r.crowd(sessions, known)
	began := time.Now()
	out := r.holding(inodes, likely, began.Add(likelyTime))
	return append(out, r.holding(inodes, rest, time.Now().Add(searchTime))...)
}

func (r *Reader) holding(inodes map[uint64]bool, of []procscan.Process, until time.Time) []procscan.Process {
	var out []procscan.Process
	for _, q := range of {
		if time.Now().After(until) || len(out) >= maxHolders {
			break
		}
		if has, _ := r.descriptors(q.PID); slices.ContainsFunc(has, func(ino uint64) bool { return inodes[ino] }) {
			out = append(out, q)
		}
	}
	return out
}

// crowd is all processes except the known ones, init, kernel threads and ourselves; the
// likely ones come first.
func (r *Reader) crowd(sessions map[int]bool, known map[procscan.ID]bool) (likely, rest []procscan.Process) {
	dir, err := os.Open(r.root)
	if err != nil {
		return nil, nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	const init, kthreadd = 1, 2
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == init || pid == os.Getpid() {
			continue
		}
		s, err := r.stat(pid)
		q := procscan.Process{ID: procscan.ID{PID: pid, Start: s.Start}, Comm: string(s.Comm), PPID: s.PPID, Session: s.Session}
		switch {
		case err != nil || s.dead || known[q.ID] || s.layout == (succession.Layout{}) && (pid == kthreadd || s.PPID == kthreadd):
		case sessions[s.Session] || s.PPID == init:
			likely = append(likely, q)
		default:
			rest = append(rest, q)
		}
	}
	return likely, rest
}
