package procscan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// FS is a mounted proc file system, or a tree of files that looks like one.
// It may be used by several goroutines at a time.
type FS struct {
	root string
	dir  int // descriptor of root
	proc procfs.FS
	self int // our own PID as this tree shows it; 0 in a tree that is made of files
}

// Open opens the proc file system at root, which is /proc everywhere but in tests.
func Open(root string) (*FS, error) {
	dir, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the process table: %w", &os.PathError{Op: "open", Path: root, Err: err})
	}
	proc, err := procfs.NewFS(root)
	if err != nil {
		unix.Close(dir)
		return nil, fmt.Errorf("open the process table: %w", err)
	}
	fs := &FS{root: root, dir: dir, proc: proc}
	if link, err := os.Readlink(filepath.Join(root, "self")); err == nil {
		if pid, err := strconv.Atoi(link); err == nil {
			fs.self = pid // differs from getpid(2) where the mount shows another PID namespace
		}
	}
	return fs, nil
}

// Root is where the process table is mounted.
func (fs *FS) Root() string { return fs.root }

// Close gives the directory back; the FS must not be used any more.
func (fs *FS) Close() error { return unix.Close(fs.dir) }

// Read reads /proc/PID/stat, and no other file of the process. Of a process whose
// leading thread has exited while others live, State is that of a living thread; whether
// the whole process is dead, Process.Dead tells. Of a process that is not there the error
// is os.ErrNotExist to errors.Is.
func (fs *FS) Read(pid int) (Process, error) {
	var p path
	var buf [statSize]byte
	var s stat
	p.process(pid)
	if err := fs.stat(&p, buf[:], &s); err != nil {
		return Process{}, fmt.Errorf("read process %d: %w", pid, err)
	}
	out := s.process()
	if s.leaderless() {
		if tid, state := fs.liveThread(pid, buf[:]); tid != 0 {
			out.State = state
		}
	}
	return out, nil
}

// statSize holds any line of /proc/PID/stat: 52 numbers of at most 20 digits and a name.
const statSize = 1536

// stat reads and parses the stat file below p; gone is os.ErrNotExist.
func (fs *FS) stat(p *path, buf []byte, s *stat) error {
	n, err := fs.file(p.file("stat"), buf)
	if err != nil {
		return err
	}
	return s.parse(buf[:n])
}

// file reads a file with a single read(2), which proc files of less than a page answer
// whole. A process that has ended meanwhile (ENOENT, ESRCH) is os.ErrNotExist.
func (fs *FS) file(name *byte, buf []byte) (int, error) {
	fd, err := openat(fs.dir, name)
	if err != nil {
		return 0, gone(err)
	}
	n, err := read(fd, buf)
	unix.Close(fd)
	return n, gone(err)
}

func gone(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return os.ErrNotExist
	}
	return err
}

// readAll reads a file up to limit bytes into buf, which grows as needed.
func (fs *FS) readAll(name *byte, buf []byte, limit int) ([]byte, error) {
	fd, err := openat(fs.dir, name)
	if err != nil {
		return buf[:0], gone(err)
	}
	defer unix.Close(fd)
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := read(fd, buf[len(buf):min(cap(buf), limit)])
		buf = buf[:len(buf)+n]
		switch {
		case err != nil:
			return buf, gone(err)
		case n == 0 || len(buf) < cap(buf) || len(buf) >= limit: // a short read is the last
			return buf, nil
		}
	}
}
