package vital

import (
	"encoding/binary"
	"errors"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errGone says that a process or thread is not there (any more).
var errGone = errors.New("has ended")

// path is a file name below /proc, built without garbage.
type path struct{ buf [96]byte }

// of is "PID/name", or "PID/task/TID/name" where tid is not 0, with its terminating zero.
// A name has at most 15 bytes.
func (p *path) of(pid, tid int, name string) *byte {
	b := strconv.AppendInt(p.buf[:0], int64(pid), 10)
	if tid != 0 {
		b = append(b, "/task/"...)
		b = strconv.AppendInt(b, int64(tid), 10)
	}
	b = append(b, '/')
	b = append(b, name...)
	b = append(b, 0)
	return &b[0]
}

// fd is "PID/fd/N", or below a thread.
func (p *path) fd(pid, tid, n int) *byte {
	b := strconv.AppendInt(p.buf[:0], int64(pid), 10)
	if tid != 0 {
		b = append(b, "/task/"...)
		b = strconv.AppendInt(b, int64(tid), 10)
	}
	b = append(b, "/fd/"...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, 0)
	return &b[0]
}

// The calls below are those of package unix without its conversion of the name, which
// would cost a heap object for each file of each tick.

func openat(dir int, name *byte, flags int) (int, error) {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(flags|unix.O_CLOEXEC), 0, 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR:
		default:
			return -1, gone(errno)
		}
	}
}

func statat(dir int, name *byte, st *unix.Stat_t) error {
	_, _, errno := unix.Syscall6(sysFstatat, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(st)), 0, 0, 0)
	if errno != 0 {
		return gone(errno)
	}
	return nil
}

func readlinkat(dir int, name *byte, buf []byte) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return 0, gone(errno)
	}
	return int(n), nil
}

// gone makes errGone of what /proc answers for a process that has ended.
func gone(err error) error {
	if err == unix.ENOENT || err == unix.ESRCH {
		return errGone
	}
	return err
}

// slurp reads a whole file into buf, which grows as needed, and returns it.
func slurp(dir int, name *byte, buf []byte) ([]byte, error) {
	fd, err := openat(dir, name, unix.O_RDONLY)
	if err != nil {
		return buf[:0], err
	}
	defer unix.Close(fd)
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return buf, gone(err)
		case n == 0:
			return buf, nil
		default:
			buf = buf[:len(buf)+n]
		}
	}
}

// pread reads from the beginning, which of a file of proc is made anew for it.
func pread(fd int, buf []byte) (int, error) {
	for {
		if n, err := unix.Pread(fd, buf, 0); err != unix.EINTR {
			return n, err
		}
	}
}

// once reads a file of less than a page, which proc answers with a single read(2).
func once(dir int, name *byte, buf []byte) ([]byte, error) {
	fd, err := openat(dir, name, unix.O_RDONLY)
	if err != nil {
		return buf[:0], err
	}
	n, err := pread(fd, buf[:cap(buf)])
	unix.Close(fd)
	if err != nil {
		return buf[:0], gone(err)
	}
	return buf[:n], nil
}

// numbers appends the names in a directory that are numbers.
func numbers(dir int, name *byte, buf []byte, out []int) ([]int, error) {
	fd, err := openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return out, err
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Getdents(fd, buf[:cap(buf)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return out, gone(err)
		}
		if n == 0 {
			return out, nil
		}
		for b := buf[:n]; len(b) > nameAt; {
			size := int(binary.NativeEndian.Uint16(b[16:]))
			if v, _, ok := number(b[nameAt:size]); ok {
				out = append(out, int(v))
			}
			b = b[size:]
		}
	}
}

// nameAt is where the name begins in struct linux_dirent64 (getdents64(2)).
const nameAt = 19
