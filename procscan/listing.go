package procscan

import (
	"cmp"
	"fmt"
	"slices"

	"procward/internal/procfile"
)

// entry is one directory of the proc root whose name is a PID. The inode number shows if
// a PID was reused: no two processes of one boot get the same (with the tens of thousands
// of PIDs that are possible at a time; it has 32 bits and wraps).
type entry struct {
	pid int
	ino uint64
}

// listing reads the directory of the proc root, again and again into the same memory.
type listing struct {
	entries []entry // by PID
	buf     [32 << 10]byte
}

func (l *listing) read(fs *FS) error {
	l.entries = l.entries[:0]
	here := [...]byte{'.', 0}
	err := fs.dir.Each(&here[0], l.buf[:], func(e procfile.Entry) { l.entries = append(l.entries, entry{e.N, e.Ino}) })
	if err != nil {
		return fmt.Errorf("list the process table: %w", err)
	}
	// The proc file system lists them by PID; others do not.
	byPID := func(a, b entry) int { return cmp.Compare(a.pid, b.pid) }
	if !slices.IsSortedFunc(l.entries, byPID) {
		slices.SortFunc(l.entries, byPID)
	}
	return nil
}
