package procscan

import (
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// path is a file name below the proc root, built without garbage: "4711/stat" with its
// terminating zero. It is reused from process to process.
type path struct {
	buf    [64]byte
	prefix int // length of "4711/" or "4711/task/4712/"
}

// process makes the path begin with the directory of a process.
func (p *path) process(pid int) {
	b := strconv.AppendInt(p.buf[:0], int64(pid), 10)
	p.prefix = len(append(b, '/'))
}

// thread makes the path begin with the directory of one thread of a process.
func (p *path) thread(pid, tid int) {
	b := strconv.AppendInt(p.buf[:0], int64(pid), 10)
	b = append(b, "/task/"...)
	b = strconv.AppendInt(b, int64(tid), 10)
	p.prefix = len(append(b, '/'))
}

// file is the path of one file in that directory; name is a constant of at most 15 bytes.
func (p *path) file(name string) *byte {
	b := append(p.buf[:p.prefix], name...)
	b = append(b, 0)
	return &b[0]
}

// dir is the path of the directory itself.
func (p *path) dir() *byte {
	p.buf[p.prefix-1] = 0
	b := &p.buf[0]
	return b
}

// The calls below are those of package unix without its conversion of the name, which
// would cost a heap object for each process of each scan.

func openat(dir int, name *byte) (int, error) {
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(name)), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

func readlinkat(dir int, name *byte, buf []byte) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func ownerat(dir int, name *byte) (uint32, error) {
	var st unix.Stat_t
	_, _, errno := unix.Syscall6(sysFstatat, uintptr(dir), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&st)), unix.AT_SYMLINK_NOFOLLOW, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return st.Uid, nil
}

// read fills buf once; EINTR is tried again.
func read(fd int, buf []byte) (int, error) {
	for {
		n, err := unix.Read(fd, buf)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
