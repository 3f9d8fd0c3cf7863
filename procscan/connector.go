package procscan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"procward/internal/ktime"
	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// connector listens to the kernel's process events (connector/cn_proc.c): a process has
// executed a program, changed its name, or its user. It is read on demand only and never
// wakes anybody. Silence alone is not believed: before each reading a canary is sent, an
// event of our own, which must come back.
type connector struct {
	fs  *FS
	fd  int
	err error // why it cannot be trusted; nil while it can
	buf [256]byte

	execed func(pid int, at time.Duration) // is called for each exec too; may be nil
}

var (
	errSilent = errors.New("the kernel does not tell of execs and renames here (another PID namespace, or before Linux 5.16)")
	errLost   = errors.New("more happened than the kernel could keep for us")
	errClosed = errors.New("closed")
)

// listen starts to listen; err of the result is not nil if that failed.
func listen(fs *FS) *connector {
	c := &connector{fs: fs, fd: -1}
	c.open()
	return c
}

// open subscribes again, and tries whether the kernel reports everything that it must: it
// is silent in other PID namespaces, and before Linux 5.16 about names that are changed
// through /proc/PID/comm.
func (c *connector) open() {
	c.shut()
	if link, err := os.Readlink(filepath.Join(c.fs.root, "self")); err != nil || link != fmt.Sprint(os.Getpid()) {
		c.err = errors.New("the process table is not that of our own PID namespace")
		return
	}
	c.fd, c.err = subscribe()
	if c.err == nil {
		c.err = c.exchange(c.rename, func(int) {})
	}
	if c.err != nil {
		c.shut()
	}
}

func (c *connector) shut() {
	if c.fd >= 0 {
		_ = tell(c.fd, mcastIgnore) // old kernels do not see it from the closing
		unix.Close(c.fd)
		c.fd = -1
	}
}

func (c *connector) close() error {
	c.shut()
	c.err = errClosed
	return nil
}

// drain reads everything that was reported and calls forget with the PID of each process
// that has changed. False means that something is missing and everything must be read;
// from now on the connector may work again, see err.
func (c *connector) drain(forget func(pid int)) bool {
	if c.err == errClosed {
		return false
	}
	if c.err == nil {
		err := c.exchange(c.prctl, forget)
		if err == nil {
			return true
		}
	}
	c.open()
	return false
}

// exchange sends a canary and reads all messages that are there. The kernel puts a
// message into our queue before the call that causes it returns, so the canary and
// everything before it are there at once.
func (c *connector) exchange(canary func() error, forget func(pid int)) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	want := event{what: eventComm, pid: unix.Gettid(), tgid: os.Getpid(), at: ktime.Monotonic()}
	if err := canary(); err != nil {
		return err
	}
	seen := false
	for {
		n, err := procfile.Fill(c.fd, c.buf[:])
		switch {
		case err == unix.EAGAIN && seen:
			return nil
		case err == unix.EAGAIN:
			return errSilent
		case err == unix.ENOBUFS:
			return errLost
		case err != nil:
			return fmt.Errorf("read process events: %w", err)
		}
		if e, ok := parseEvent(c.buf[:n]); ok {
			seen = seen || e.what == want.what && e.pid == want.pid && e.tgid == want.tgid && e.at >= want.at
			forget(e.tgid)
			if e.what == eventExec && c.execed != nil {
				c.execed(e.tgid, e.at+Boottime()-ktime.Monotonic())
			}
		}
	}
}

// prctl sets the name of our own thread to what it is already.
func (c *connector) prctl() error {
	var name [16]byte
	if err := prctlName(unix.PR_GET_NAME, &name); err != nil {
		return err
	}
	return prctlName(unix.PR_SET_NAME, &name)
}

// rename does the same through the thread's comm file.
func (c *connector) rename() error {
	path := filepath.Join(c.fs.root, "thread-self/comm")
	name, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, name[:max(0, len(name)-1)], 0)
	}
	return err
}

// event is one process event, as far as it matters here.
type event struct {
	what      uint32
	at        time.Duration // CLOCK_MONOTONIC
	pid, tgid int
}

// The layout of a message: struct nlmsghdr (16 bytes), struct cn_msg (20), struct
// proc_event from linux/cn_proc.h: what, cpu, timestamp, then PID and thread group of the
// process. All in the host's byte order.
const (
	offWhat = 36
	offAt   = 44
	offPID  = 52
	offTGID = 56
	offEnd  = 60
)

// The events that are listened for, enum proc_event in linux/cn_proc.h.
const (
	eventExec = 0x2
	eventUID  = 0x4
	eventComm = 0x200
)

func parseEvent(b []byte) (event, bool) {
	if len(b) < offEnd {
		return event{}, false
	}
	u32 := func(off int) uint32 { return binary.NativeEndian.Uint32(b[off:]) }
	return event{
		what: u32(offWhat), at: time.Duration(binary.NativeEndian.Uint64(b[offAt:])),
		pid: int(u32(offPID)), tgid: int(u32(offTGID)),
	}, true
}
