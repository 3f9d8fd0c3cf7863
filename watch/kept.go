package watch

import (
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// Adopt gives the tracker pidfds that somebody has kept since an earlier daemon opened
// them. Track uses such a one instead of opening another, and so learns also of an end
// in between, and its cause. The tracker owns them from now on.
func (t *Tracker) Adopt(kept map[procscan.ID]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = kept
}

// Disown closes the adopted pidfds that nobody has asked for.
func (t *Tracker) Disown() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, fd := range t.kept {
		unix.Close(fd)
	}
	t.kept = nil
}

// Open gives a pidfd of a process, which belongs to the caller: the adopted one, which
// may be of a process that has ended, or else a new one as procscan.FS.Pidfd does.
func (t *Tracker) Open(id procscan.ID) (int, error) {
	t.mu.Lock()
	fd, ok := t.kept[id]
	delete(t.kept, id)
	t.mu.Unlock()
	if ok {
		return fd, nil
	}
	return t.fs.Pidfd(id)
}

// Handover gives every pidfd of a process that lives, as far as is known, to a function,
// until that fails. They stay the tracker's: the function is to duplicate what it keeps.
func (t *Tracker) Handover(keep func(id procscan.ID, fd int) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, fd := range t.pidfds {
		if err := keep(id, int(fd)); err != nil {
			return err
		}
	}
	return nil
}

// ExitOf is how the process of a pidfd ended, which has ended: as far as the kernel tells
// (Linux 6.15), once its parent has reaped it, for which it waits at most so long.
func ExitOf(fd int, wait time.Duration) Cause {
	const step = 5 * time.Millisecond
	for deadline := time.Now().Add(wait); ; time.Sleep(step) {
		if c := exitInfo(fd); c.Known || time.Now().After(deadline) {
			return c
		}
	}
}
