package restart

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// proc is where the process table is listed; what is signalled is verified beside it.
const proc = "/proc"

// Bounds of the search for descendants: how often it is repeated until it finds nothing
// new, and how often it is made while victims act on the signal.
const (
	maxRounds = 20
	lookEvery = time.Second
	holdWait  = 5                      // milliseconds until those that were sent SIGSTOP are looked at again
	holdMost  = 500 * time.Millisecond // after which one that does not stop, say in a frozen group, is not waited for
)

// family is what a Kill with Tree knows besides.
type family struct {
	known  map[procscan.ID]struct{}
	homes  []home
	looked time.Duration // Boottime of the last search
}

// hold stops all that are not settled, looks for their descendants and stops those, until
// no more are found: who is stopped forks no more, and its children have it for their
// parent. What is held must be sent SIGCONT or SIGKILL next.
func (c *condemned) hold(ctx context.Context) {
	if c.family == nil {
		c.family = &family{known: map[procscan.ID]struct{}{}}
		for _, e := range c.ended {
			c.family.known[e.ID] = struct{}{}
		}
	}
	begun := procscan.Boottime()
	for round := 0; round < maxRounds && ctx.Err() == nil; round++ {
		c.held = true
		c.signal(unix.SIGSTOP)
		// A process of many threads may fork while the signal goes through them: a search
		// that finds nothing counts only once all have stopped.
		stopped := c.stopped() || procscan.Boottime()-begun > holdMost
		if !c.grow() && stopped {
			return
		}
		if !stopped {
			_, _ = unix.Poll(c.fds, holdWait)
		}
	}
}

// stopped reports whether none runs any more.
func (c *condemned) stopped() bool {
	for i, fd := range c.fds {
		if fd.Fd < 0 {
			continue
		}
		p, err := c.fs.Read(c.ended[i].ID.PID)
		if err == nil && p.ID == c.ended[i].ID && (p.State == 'R' || p.State == 'S') {
			return false
		}
	}
	return true
}

// growAfter is grow once in a while, and notes that the victims were alive at a time.
func (c *condemned) growAfter(now time.Duration) bool {
	if c.family == nil {
		return false
	}
	c.seen(now)
	return now-c.family.looked >= lookEvery && c.grow()
}

// grow takes in the descendants of all that are not settled, and says whether there were
// any new ones. A descendant is, at the moment when both are known to live,
//
//   - a child of one that is condemned (field 4 of /proc/PID/stat),
//   - a member of a session that one of them leads (field 6): a session is only ever
//     entered by birth, and its number is not given to another process while it lasts;
//     procward's own session does not count,
//   - and a member of a control group that was theirs alone, see home.
//
// So a process whose parent has ended is found only by its session or control group. One
// that has made itself a daemon before (fork, setsid, fork) has left both the tree and the
// session, and the group is then not theirs alone: it is not found.
func (c *condemned) grow() bool {
	before := len(c.ended)
	c.family.looked = procscan.Boottime()
	c.seen(c.family.looked)
	children, sessions := c.table()
	for i := 0; i < len(c.ended); i++ { // grows on the way
		pid := c.ended[i].ID.PID
		for _, p := range children[pid] {
			c.adopt(p, func(now procscan.Process) bool { return now.PPID == pid && c.lives(i) })
		}
		for _, p := range sessions[pid] {
			c.adopt(p, func(now procscan.Process) bool { return now.Session == pid && c.lives(i) })
		}
	}
	for _, h := range c.family.homes {
		for _, pid := range h.pids() {
			if p, err := c.fs.Read(pid); err == nil && h.bore(p) {
				c.adopt(p, func(now procscan.Process) bool { return h.holds(now.PID) })
			}
		}
	}
	return len(c.ended) > before
}

// table is the process table by parent and by session.
func (c *condemned) table() (children, sessions map[int][]procscan.Process) {
	children, sessions = map[int][]procscan.Process{}, map[int][]procscan.Process{}
	dir, err := os.Open(proc)
	if err != nil {
		return
	}
	defer dir.Close()
	own, _ := unix.Getsid(0)
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		p, err := c.fs.Read(pid)
		if err != nil || p.Dead() || p.Kernel || spared(pid) {
			continue
		}
		children[p.PPID] = append(children[p.PPID], p)
		if p.Session != own {
			sessions[p.Session] = append(sessions[p.Session], p)
		}
	}
	return
}

// adopt takes a process in that was seen as a descendant, if it still is one now that it
// is held by a pidfd.
func (c *condemned) adopt(p procscan.Process, still func(now procscan.Process) bool) {
	if _, known := c.family.known[p.ID]; known || p.Kernel || spared(p.PID) {
		return
	}
	fd, err := c.fs.Pidfd(p.ID)
	if errors.Is(err, procscan.ErrGone) {
		return
	}
	now, errRead := c.fs.Read(p.PID)
	if errRead != nil || now.ID != p.ID || !still(now) {
		if fd >= 0 {
			unix.Close(fd)
		}
		return
	}
	c.family.known[p.ID] = struct{}{}
	c.add(p.ID, fd)
	if err != nil {
		c.settle(len(c.ended)-1, Refused, err)
	}
}

// lives reports whether one is not settled and has not ended: its PID is its own.
func (c *condemned) lives(i int) bool {
	if c.fds[i].Fd < 0 {
		return false
	}
	fds := []unix.PollFd{{Fd: c.fds[i].Fd, Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return err == nil && n == 0
		}
	}
}
