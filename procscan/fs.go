package procscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// tick is the unit of start times: proc_pid_stat(5) gives them in clock ticks, and
// USER_HZ is 100 on every architecture that Linux and Go share.
const tick = 10 * time.Millisecond

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
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return os.ErrNotExist
	}
	return err
}

// liveThread finds a thread of the process, other than its leader, that has not
// exited; 0 if there is none (any more).
func (fs *FS) liveThread(pid int, buf []byte) (tid int, state byte) {
	// A thread may start another one and end between two lines of the listing.
	for range 3 {
		if tid, state = fs.oneLiveThread(pid, buf); tid != 0 {
			return tid, state
		}
	}
	return 0, 0
}

func (fs *FS) oneLiveThread(pid int, buf []byte) (tid int, state byte) {
	dir, err := os.Open(filepath.Join(fs.root, strconv.Itoa(pid), "task"))
	if err != nil {
		return 0, 0
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(64)
		for _, name := range names {
			tid, err := strconv.Atoi(name)
			if err != nil || tid == pid {
				continue
			}
			var p path
			var s stat
			p.thread(pid, tid)
			if fs.stat(&p, buf, &s) == nil && s.state != 'Z' && !s.dead() {
				return tid, s.state
			}
		}
		if err != nil {
			return 0, 0
		}
	}
}

// BootID is the identity of this boot, from sys/kernel/random/boot_id (random(4)).
func (fs *FS) BootID() (string, error) {
	text, err := os.ReadFile(filepath.Join(fs.root, "sys/kernel/random/boot_id"))
	if err != nil {
		return "", fmt.Errorf("read the boot id: %w", err)
	}
	id := string(bytes.TrimSpace(text))
	if id == "" {
		return "", errors.New("read the boot id: the file is empty")
	}
	return id, nil
}

// Boottime is the time since boot by CLOCK_BOOTTIME, which goes on while the machine is
// suspended; the start times of processes are on the same clock.
func Boottime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0 // cannot fail: the clock is there since Linux 2.6.39 and the pointer is good
	}
	return time.Duration(ts.Nano())
}

// Started is when the process started, on the clock of Boottime, to a hundredth of a
// second (rounded down).
func (id ID) Started() time.Duration { return time.Duration(id.Start) * tick }

// readAll reads a file below the root up to limit bytes into buf, which grows as needed.
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
		case err == io.EOF || err == nil && (n == 0 || len(buf) < cap(buf)) || len(buf) >= limit:
			return buf, nil
		case err != nil:
			return buf, gone(err)
		}
	}
}
