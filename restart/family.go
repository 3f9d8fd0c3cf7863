package restart

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
	"procward/procscan"
)

// Bounds of the search for descendants: how many times it may run until it finds nothing
// new, and how many times while the victims act on the signal.
const (
	maxRounds = 20
	lookEvery = time.Second
	holdWait  = 5                      // milliseconds until those that were sent SIGSTOP are looked at again
	holdMost  = 500 * time.Millisecond // a process that has not stopped by then, for example in a frozen group, is not waited for
)

// family is what a Kill with Tree also knows.
type family struct {
	known  map[procscan.ID]struct{}
	homes  []home
	looked time.Duration // Boottime of the last search
}

// stopAll stops all that are not settled, looks for their descendants and stops those too,
// until it finds no more: a stopped process forks no more, and its children still have it
// as their parent. What is held must get SIGCONT or SIGKILL next.
func (c *condemned) stopAll(ctx context.Context) {
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
		// A process with many threads may fork while the signal goes through them: a search
		// that finds nothing counts only when all have stopped.
		stopped := c.stopped() || procscan.Boottime()-begun > holdMost
		if !c.grow() && stopped {
			return
		}
		if !stopped {
			_, _ = unix.Poll(c.fds, holdWait)
		}
	}
}

// stopped reports whether none of them is running.
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

// growAfter calls grow from time to time, and notes that the victims were alive at a
// time.
func (c *condemned) growAfter(now time.Duration) bool {
	if c.family == nil {
		return false
	}
	c.seen(now)
	return now-c.family.looked >= lookEvery && c.grow()
}

// grow adds the descendants of all that are not settled, and reports whether there were
// new ones. At a moment when both are known to live, a descendant is
//
//   - a child of one that is condemned (field 4 of /proc/PID/stat),
//   - a member of a session that one of them leads (field 6): a process enters a session
//     only by birth, and its number is not given to another process as long as it exists;
//     procward's own session does not count,
//   - a member of a control group that belonged to them alone, see home.
//
// A process whose parent has ended is therefore found only by its session or its control
// group. One that became a daemon before (fork, setsid, fork) has left both the tree and
// the session, and the control group does not belong to them alone: it is not found.
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
	own, _ := unix.Getsid(0)
	for _, pid := range procfile.PIDs() {
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

// adopt takes in a process that was seen as a descendant, if it is still one now that a
// pidfd holds it.
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

// lives reports whether one is not settled and has not ended, so that its PID still
// belongs to it.
func (c *condemned) lives(i int) bool {
	if c.fds[i].Fd < 0 {
		return false
	}
	ended, err := procfile.Ended(int(c.fds[i].Fd), 0)
	return err == nil && !ended
}
