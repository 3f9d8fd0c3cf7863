package script

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	suffix   = ".out"
	maxKept  = 1 << 20               // bytes of one output file above which it is cut
	keptTail = 64 << 10              // bytes that stay
	pause    = 20 * time.Millisecond // at least, between two looks at files that are being written
)

// keeper owns the directory of output files. One inotify watch tells it when a file is
// written to, so that it can free the beginning of one that grows, and when a writer
// is gone. A script that writes nothing costs it nothing.
type keeper struct {
	dir string
	own bool     // the directory is removed at the end
	in  *os.File // inotify
	err error    // why there are no output files

	mu       sync.Mutex
	released map[string]bool // by file name: its script has ended, or we have; true of files found at the start
	closed   bool
}

// open prepares the directory, and takes over what an earlier daemon left in it.
func (k *keeper) open(dir string) {
	k.released = map[string]bool{}
	if k.err = k.makeDir(dir); k.err != nil {
		return
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		k.err = os.NewSyscallError("inotify_init1", err)
		return
	}
	k.in = os.NewFile(uintptr(fd), "inotify")
	if _, err = unix.InotifyAddWatch(fd, k.dir, unix.IN_MODIFY|unix.IN_CLOSE_WRITE|unix.IN_ONLYDIR); err != nil {
		k.err = &os.PathError{Op: "inotify_add_watch", Path: k.dir, Err: err}
		k.in.Close()
		return
	}
	old, _ := filepath.Glob(filepath.Join(k.dir, "*"+suffix))
	for _, name := range old {
		k.release(filepath.Base(name))
	}
	go k.run()
}

func (k *keeper) makeDir(dir string) (err error) {
	k.dir = dir
	if dir != "" {
		return os.MkdirAll(dir, 0o700)
	}
	k.own = true
	k.dir, err = os.MkdirTemp("", "procward-output-")
	return err
}

// output makes the file of one script, named after it.
func (k *keeper) output(program string) *output {
	o := &output{keeper: k, err: k.err}
	if o.err != nil {
		return o
	}
	f, err := os.CreateTemp(k.dir, fmt.Sprintf("%.64s-*%s", filepath.Base(program), suffix))
	if err != nil {
		o.err = err
		return o
	}
	k.mu.Lock()
	k.released[filepath.Base(f.Name())] = false
	k.mu.Unlock()
	// Appending, so that what the script opens again and truncates gets no hole.
	_, _ = unix.FcntlInt(f.Fd(), unix.F_SETFL, unix.O_APPEND)
	o.name, o.w = f.Name(), f
	return o
}

// release says that the script of a file has ended.
func (k *keeper) release(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.released[name] = true
	k.look(name)
}

// run frees and removes files as they change, until close.
func (k *keeper) run() {
	buf := make([]byte, 64<<10)
	for {
		n, err := k.in.Read(buf)
		if err != nil {
			return
		}
		k.mu.Lock()
		for name := range changed(buf[:n], k.released) {
			k.look(name)
		}
		k.mu.Unlock()
		time.Sleep(pause)
	}
}

// changed reads inotify(7) events; where some were dropped, every file may have changed.
func changed(events []byte, all map[string]bool) map[string]bool {
	names := map[string]bool{}
	for len(events) >= unix.SizeofInotifyEvent {
		mask := binary.NativeEndian.Uint32(events[4:])
		end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(events[12:]))
		if mask&unix.IN_Q_OVERFLOW != 0 {
			return all
		}
		name := strings.TrimRight(string(events[unix.SizeofInotifyEvent:end]), "\x00")
		if _, ours := all[name]; ours {
			names[name] = true
		}
		events = events[end:]
	}
	return names
}

// look cuts a file that has grown, and removes one that nobody needs any more. It is
// called with the lock held.
func (k *keeper) look(name string) {
	file := filepath.Join(k.dir, name)
	if k.released[name] && !written(file) {
		_ = os.Remove(file)
		delete(k.released, name)
		return
	}
	_ = cut(file)
}

// written says whether somebody has the file open for writing: a read lease (fcntl(2),
// F_SETLEASE) is refused then. Where a file system has no leases nobody can tell, and
// the file loses its name. The user of a script may hold a lease himself, to make us
// wait for its end; with O_NONBLOCK the open fails at once (EWOULDBLOCK).
func written(file string) bool {
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return errors.Is(err, unix.EWOULDBLOCK)
	}
	defer f.Close() // which ends the lease
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return errors.Is(err, unix.EAGAIN)
}

// cut gives the space of all but the last bytes back where a file has grown. It makes
// a hole (fallocate(2)) and leaves the length, so that those who write are not
// disturbed; where that cannot be done the file begins anew.
func cut(file string) error {
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil || st.Blocks*512 < maxKept {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|unix.O_NONBLOCK, 0) // see written
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, st.Size-keptTail)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return f.Truncate(0)
	}
	return err
}

// close ends run. Files that are still written to stay, for the next daemon.
func (k *keeper) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.in == nil {
		return nil
	}
	k.closed = true
	err := k.in.Close()
	if k.own {
		_ = os.Remove(k.dir) // fails, and may, where files are left
	}
	return err
}
