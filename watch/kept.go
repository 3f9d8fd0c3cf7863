package watch

import (
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// Adopt gives the tracker pidfds that were opened by an earlier daemon and kept since.
// Track uses such a pidfd instead of opening one, so it also learns of an end in between,
// and of its cause. The tracker owns them from now on.
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

// Open returns a pidfd of a process; the caller owns it. It is the adopted one, whose
// process may have ended, or else a new one as procscan.FS.Pidfd opens it.
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

// Handover calls a function with every pidfd whose process is alive as far as we know,
// until the function fails. The tracker still owns them: the function must duplicate what
// it keeps.
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

// ExitOf returns how the process of a pidfd has ended. The kernel tells it (Linux 6.15)
// when the parent has reaped the process; ExitOf waits for that at most the given time.
func ExitOf(fd int, wait time.Duration) Cause {
	const step = 5 * time.Millisecond
	for deadline := time.Now().Add(wait); ; time.Sleep(step) {
		if c := exitInfo(fd); c.Known || time.Now().After(deadline) {
			return c
		}
	}
}
