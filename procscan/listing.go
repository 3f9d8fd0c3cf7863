package procscan

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// entry is one directory of the proc root that has a PID for a name. The inode number
// tells a PID that was reused: no two processes of one boot are ever given the same (in
// the tens of thousands of PIDs that are possible at a time; it has 32 bits and wraps).
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
	fd, err := unix.Openat(fs.dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("list the process table: %w", err)
	}
	defer unix.Close(fd)
	l.entries = l.entries[:0]
	for {
		n, err := unix.Getdents(fd, l.buf[:])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("list the process table: %w", err)
		case n == 0:
			l.sort()
			return nil
		}
		l.add(l.buf[:max(n, 0)])
	}
}

// add takes the entries from a buffer of getdents64(2): inode number, offset (8 bytes
// each), length (2), type (1), name up to a zero.
func (l *listing) add(b []byte) {
	for len(b) >= 19 {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size < 19 || size > len(b) {
			return
		}
		if b[19] >= '1' && b[19] <= '9' {
			if pid, rest, _ := number(b[19:size]); len(rest) > 0 && rest[0] == 0 && pid <= pidMax {
				l.entries = append(l.entries, entry{int(pid), binary.NativeEndian.Uint64(b)})
			}
		}
		b = b[size:]
	}
}

// sort orders the entries by PID. The proc file system lists them so; others do not.
func (l *listing) sort() {
	byPID := func(a, b entry) int { return cmp.Compare(a.pid, b.pid) }
	if !slices.IsSortedFunc(l.entries, byPID) {
		slices.SortFunc(l.entries, byPID)
	}
}
