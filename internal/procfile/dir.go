package procfile

import (
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Dir is a descriptor of the root of a proc file system. The error is os.ErrNotExist if
// something is not there, or belongs to a process that has ended meanwhile (ENOENT,
// ESRCH).
type Dir int

// Open opens the root of a proc file system.
func Open(root string) (Dir, error) {
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: root, Err: err}
	}
	return Dir(fd), nil
}

// Close closes the directory.
func (d Dir) Close() error { return unix.Close(int(d)) }

// Path is a file name below the root. It is built without garbage and used again and
// again.
type Path struct{ buf [96]byte }

// Of is "PID/name", or "PID/task/TID/name" if tid is not 0, with its terminating zero. A
// name is a constant of at most 15 bytes.
func (p *Path) Of(pid, tid int, name string) *byte {
	b := append(p.dir(pid, tid), name...)
	b = append(b, 0)
	return &b[0]
}

// FD is "PID/fd/N", or that below a thread.
func (p *Path) FD(pid, tid, n int) *byte {
	b := append(p.dir(pid, tid), "fd/"...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, 0)
	return &b[0]
}

func (p *Path) dir(pid, tid int) []byte {
	b := strconv.AppendInt(p.buf[:0], int64(pid), 10)
	if tid != 0 {
		b = append(b, "/task/"...)
		b = strconv.AppendInt(b, int64(tid), 10)
	}
	return append(b, '/')
}

// The calls below are those of package unix without its conversion of the name, which
// would need a heap object for each file of each look.

// Open opens a file.
func (d Dir) Open(name *byte, flags int) (int, error) {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(d), uintptr(unsafe.Pointer(name)), uintptr(flags|unix.O_CLOEXEC), 0, 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR:
		default:
			return -1, gone(errno)
		}
	}
}

// Link reads a symbolic link into buf and returns the part that was filled.
func (d Dir) Link(name *byte, buf []byte) ([]byte, error) {
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(d), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return buf[:0], gone(errno)
	}
	return buf[:n], nil
}

// Inode reads what is known of a file, following links.
func (d Dir) Inode(name *byte, st *unix.Stat_t) error {
	_, _, errno := unix.Syscall6(sysFstatat, uintptr(d), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(st)), 0, 0, 0)
	if errno != 0 {
		return gone(errno)
	}
	return nil
}

// gone turns the answers of /proc for a process that has ended into os.ErrNotExist.
func gone(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return os.ErrNotExist
	}
	return err
}

// Pread reads once from the beginning of a file of proc, which is made anew for it.
func Pread(fd int, buf []byte) ([]byte, error) {
	for {
		n, err := unix.Pread(fd, buf, 0)
		if err != unix.EINTR {
			return buf[:max(n, 0)], gone(err)
		}
	}
}

// Once reads a file of less than a page, which proc answers with a single read(2).
func (d Dir) Once(name *byte, buf []byte) ([]byte, error) {
	fd, err := d.Open(name, unix.O_RDONLY)
	if err != nil {
		return buf[:0], err
	}
	text, err := Pread(fd, buf[:cap(buf)])
	unix.Close(fd)
	return text, err
}

// Stat reads the stat file of a process, or of one of its threads if tid is not 0.
func (d Dir) Stat(pid, tid int, buf []byte, s *Stat) error {
	var p Path
	text, err := d.Once(p.Of(pid, tid, "stat"), buf)
	if err != nil {
		return err
	}
	return s.Parse(text)
}

// LiveThread finds a thread of a process, other than its leader, that has not exited.
func (d Dir) LiveThread(pid int, buf []byte) (tid int, s Stat, err error) {
	for range 3 { // a thread may start another one and end between two lines of the listing
		var p Path
		tids, err := d.Numbers(p.Of(pid, 0, "task"), buf, nil)
		if err != nil {
			return 0, Stat{}, err
		}
		for _, tid := range tids {
			if tid != pid && d.Stat(pid, tid, buf, &s) == nil && s.State != 'Z' && s.State != 'X' {
				return tid, s, nil
			}
		}
	}
	return 0, Stat{}, errors.New("the leading thread has exited and no other could be read")
}

// All reads a file up to limit bytes into buf, which grows as needed.
func (d Dir) All(name *byte, buf []byte, limit int) ([]byte, error) {
	return d.slurp(name, buf, limit, false)
}

// Whole is All for the files that one read(2) returns completely if there is room, such
// as cmdline and status: a short read is the last one.
func (d Dir) Whole(name *byte, buf []byte, limit int) ([]byte, error) {
	return d.slurp(name, buf, limit, true)
}

func (d Dir) slurp(name *byte, buf []byte, limit int, short bool) ([]byte, error) {
	fd, err := d.Open(name, unix.O_RDONLY)
	if err != nil {
		return buf[:0], err
	}
	defer unix.Close(fd)
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := Fill(fd, buf[len(buf):min(cap(buf), limit)])
		buf = buf[:len(buf)+n]
		if err != nil || n == 0 || len(buf) >= limit || short && len(buf) < cap(buf) {
			return buf, gone(err)
		}
	}
}

// Fill is read(2), tried again after a signal.
func Fill(fd int, buf []byte) (int, error) {
	for {
		n, err := unix.Read(fd, buf)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Entry is one entry of a directory whose name is a number.
type Entry struct {
	N   int
	Ino uint64
}

// Numbers appends the names in a directory that are numbers above 0, as descriptors, threads
// and processes are called.
func (d Dir) Numbers(name *byte, buf []byte, out []int) ([]int, error) {
	err := d.Each(name, buf, func(e Entry) { out = append(out, e.N) })
	return out, err
}

// Each calls f with the entries of a directory that are called by a number. f must not use buf.
func (d Dir) Each(name *byte, buf []byte, f func(Entry)) error {
	fd, err := d.Open(name, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Getdents(fd, buf[:cap(buf)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return gone(err)
		}
		entries(buf[:n], f)
	}
}

// entries takes what getdents64(2) gives: inode number, offset (8 bytes each), length (2),
// type (1), name up to a zero.
func entries(b []byte, f func(Entry)) {
	const nameAt = 19
	for len(b) > nameAt {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size <= nameAt || size > len(b) {
			return
		}
		if v, rest, ok := Number(b[nameAt:size]); ok && len(rest) > 0 && rest[0] == 0 && v >= 0 && v <= 1<<31-1 {
			f(Entry{int(v), binary.NativeEndian.Uint64(b)})
		}
		b = b[size:]
	}
}
