package launch

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// launcher is one launcher, as we see it. It carries out one request at a time.
type launcher struct {
	name    string // its own, and that of its children until they have been executed
	pid     int
	conn    *net.UnixConn
	buf     bytes.Buffer
	orders  *gob.Encoder // into buf
	answers chan answer  // closed when it has ended
	gone    func(*launcher)
	over    bool // it has ended; guarded by the lock of Launchers
	pen     *pen // nil: it is in our own group
	ended   sync.Once
}

// birthTime is how long a launcher may take until it is ready, sendTime how long it may
// take to read a request.
const (
	birthTime = 20 * time.Second
	sendTime  = 5 * time.Second
)

// fork executes our own program as another launcher.
type fork func(argv []string, socket *os.File) (pid int, err error)

// newLauncher makes a launcher by f and waits until it is ready. gone is called when it
// has ended.
func newLauncher(number int, what string, f fork, gone func(*launcher)) (*launcher, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "launcher"), os.NewFile(uintptr(fds[1]), "launcher")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	l := &launcher{name: name(strconv.Itoa(number)), conn: conn.(*net.UnixConn), answers: make(chan answer, 1), gone: gone}
	l.orders = gob.NewEncoder(&l.buf)
	if l.pid, err = f([]string{Word, strconv.Itoa(number), what}, theirs); err != nil {
		conn.Close()
		return nil, err
	}
	theirs.Close() // otherwise its end would never be seen
	go l.listen()
	return l, l.born()
}

func (l *launcher) born() error {
	late := time.NewTimer(birthTime)
	defer late.Stop()
	select {
	case _, ok := <-l.answers:
		if ok {
			return nil
		}
		return errors.New("a launcher ended at once")
	case <-late.C:
		l.end()
		return fmt.Errorf("a launcher was not ready within %v", birthTime)
	}
}

// listen passes the answers on until the launcher has ended, and reaps it.
func (l *launcher) listen() {
	in := gob.NewDecoder(l.conn)
	for {
		var a answer
		if in.Decode(&a) != nil {
			break
		}
		l.answers <- a
	}
	l.conn.Close()
	l.end()
	reap(l.pid)
	close(l.answers)
	l.gone(l)
}

// end ends the launcher. What it has started goes on.
func (l *launcher) end() {
	l.ended.Do(func() { _ = unix.Kill(l.pid, unix.SIGKILL) }) // it is not reaped before
}

// send gives it a request.
func (l *launcher) send(o request, files ...int) error {
	l.buf.Reset()
	if o.Files = len(files); o.Files > maxFiles {
		return errors.New("too many descriptors")
	}
	if err := l.orders.Encode(o); err != nil {
		return err
	}
	text, oob := l.buf.Bytes(), []byte(nil)
	if len(files) > 0 {
		oob = unix.UnixRights(files...)
	}
	if err := l.conn.SetWriteDeadline(time.Now().Add(sendTime)); err != nil {
		return err
	}
	n, _, err := l.conn.WriteMsgUnix(text, oob, nil)
	if err == nil && n < len(text) {
		_, err = l.conn.Write(text[n:])
	}
	if l.buf.Cap() > 1<<20 {
		l.buf = bytes.Buffer{}
	}
	return err
}

// directly forks from this very process. If that hangs it stops the process. So it is
// used only for the first launcher, and when all launchers were killed.
func directly(argv []string, socket *os.File) (int, error) {
	if before.Swap(true) { // our own limit may have changed since
		argv = append(argv, usualFiles)
	}
	closeOnExec() // a launcher does not need the arguments of this program
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	return syscall.ForkExec(OwnProgram, argv, &syscall.ProcAttr{
		Dir: "/", Env: launcherEnv, Files: []uintptr{null.Fd(), null.Fd(), null.Fd(), socket.Fd()},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

// before: this process has forked a launcher itself before. Processes that launchers have
// made have the limits that we were started with.
var before atomic.Bool

// by makes a launcher by another one.
func (p *Launchers) by(l *launcher) fork {
	return func(argv []string, socket *os.File) (int, error) {
		o := request{Program: Program{Argv: argv, Env: launcherEnv, Output: -1}, Path: OwnProgram}
		if err := l.send(o, int(socket.Fd())); err != nil {
			l.end()
			return 0, fmt.Errorf("ask a launcher for another one: %w", err)
		}
		late := time.NewTimer(birthTime)
		defer late.Stop()
		select {
		case a, ok := <-l.answers:
			switch {
			case !ok:
				return 0, errors.New("a launcher was lost while it made another one")
			case a.PID == 0:
				reapUnborn(l)
				return 0, &failure{a.Text, unix.Errno(a.Errno), a.Lack}
			}
			return a.PID, nil
		case <-late.C:
			return 0, errHangs
		}
	}
}

// OwnProgram is the path of this program, also right if an upgrade has replaced the file.
const OwnProgram = "/proc/self/exe"

// launcherEnv keeps a launcher small, and silent if Go's runtime gives up.
var launcherEnv = []string{"GOMAXPROCS=1", "GOTRACEBACK=none"}

var errHangs = errors.New("the execution of procward's own program hangs")

// reap waits for a child that ends.
func reap(pid int) {
	for {
		if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}
