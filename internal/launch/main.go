package launch

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"procward/internal/ktime"
	"procward/internal/trust"
)

// Word is argv[0] of every launcher.
const Word = "procward-start"

// socketFD is the launcher's end of its socket.
const socketFD = 3

// prepared: this program's main calls Main. Otherwise its launchers would be more copies
// of the program.
var prepared atomic.Bool

// Main is called first in main. If the process is a launcher it does everything, and mine
// is true: the caller exits with the code.
func Main(args []string) (code int, mine bool) {
	prepared.Store(true)
	if len(args) < 3 || args[0] != Word {
		return 0, false
	}
	for _, more := range args[3:] {
		if more == usualFiles {
			setUsualFiles()
		}
	}
	runtime.LockOSThread() // programs inherit the settings of this thread
	debug.SetGCPercent(20)
	if err := serve(args[1], args[2] == starts); err != nil {
		return 1, true
	}
	return 0, true
}

// usualFiles gives what a launcher starts the limit on descriptors that systemd gives to
// a service: the original one is not known any more.
const usualFiles = "usual-files"

func setUsualFiles() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil {
		l.Max = min(l.Max, 512<<10)
		l.Cur = min(l.Max, 1<<10)
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // children get exactly this then
	}
}

// What a launcher is for.
const (
	starts = "programs"
	makes  = "launchers" // it makes launchers and nothing else, so that one is always free to
)

// name is what a launcher is called, and its children until they have been executed
// (PR_SET_NAME of prctl(2)).
func name(number string) string { return "pw-start-" + number }

// serve carries out orders until the other end of the socket is closed.
func serve(number string, ordinary bool) error {
	closeOnExec()
	unix.Umask(0o022)
	_ = os.WriteFile("/proc/self/comm", []byte(name(number)), 0) // of the first thread
	if err := setName(name(number)); err != nil {
		return err
	}
	if ordinary {
		becomeNormal()
	}
	in, orders, answers := newTalk(socketFD)
	if err := answers.Encode(answer{PID: os.Getpid()}); err != nil {
		return err
	}
	for {
		var o request
		if err := orders.Decode(&o); err != nil { // the other process has ended
			endPen()
			return nil
		}
		if err := answers.Encode(obey(o, in.take(o.Files))); err != nil {
			return nil
		}
	}
}

func setName(name string) error {
	p, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NAME, uintptrOf(p), 0, 0, 0)
}

// obey starts one program.
func obey(o request, files []int) answer {
	defer func() {
		for _, fd := range files {
			unix.Close(fd)
		}
	}()
	who, err := accountOf(o.User)
	if err == nil && o.Guarded && os.Geteuid() == 0 {
		if err = trust.ProgramIn(searchPath(o.Env), o.Argv, who.uid); err != nil {
			err = fmt.Errorf("as %s: %w", who.name, err)
		}
	}
	if err != nil {
		return refusal(o, err, lacks(err))
	}
	stdin, err := input(o.Stdin)
	if err != nil {
		return refusal(o, err, lacks(err))
	}
	defer stdin.Close()
	return execute(o, who, stdin, files)
}

func searchPath(env []string) string {
	for _, variable := range env {
		if dirs, is := strings.CutPrefix(variable, "PATH="); is {
			return dirs
		}
	}
	return ""
}

func execute(o request, who user, stdin *os.File, files []int) answer {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return refusal(o, err, lacks(err))
	}
	defer null.Close()
	out, rest := null.Fd(), []uintptr{}
	for i, fd := range files {
		if i == 0 && o.Output >= 0 {
			out = uintptr(fd)
			continue
		}
		rest = append(rest, uintptr(fd))
	}
	if who.credential != nil && out != null.Fd() { // it may open its output again
		_ = unix.Fchown(int(out), int(who.credential.Uid), int(who.credential.Gid))
	}
	path := o.Argv[0]
	if o.Path != "" {
		path = o.Path
	}
	attr := &syscall.ProcAttr{Dir: "/", Env: environment(o.Env, who), Files: append([]uintptr{stdin.Fd(), out, out}, rest...),
		Sys: &syscall.SysProcAttr{Setsid: true, Credential: who.credential, Cloneflags: syscall.CLONE_PARENT}}
	pid, err := syscall.ForkExec(path, o.Argv, attr)
	if err != nil {
		return refusal(o, explain(path, who, err), lacks(err) && !(who.credential != nil && err == syscall.EAGAIN && canFork()))
	}
	return answer{PID: pid, At: int64(ktime.Boottime())}
}

// canFork reports whether the user's own limit (RLIMIT_NPROC of getrlimit(2)) prevented a
// start: then a fork alone succeeds.
func canFork() bool {
	_, err := syscall.ForkExec("/", []string{"/"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_PARENT}})
	return err == syscall.EACCES
}

func refusal(o request, err error, lack bool) answer {
	a := answer{Text: fmt.Sprintf("start %s: %v", o.Argv[0], err), Lack: lack}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		a.Errno = int(errno)
	}
	return a
}

// input is what the program reads: /dev/null, or a file in memory with all of it, so that
// nobody has to stay and write.
func input(content []byte) (*os.File, error) {
	if content == nil {
		return os.Open(os.DevNull)
	}
	fd, err := unix.MemfdCreate("procward-stdin", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create for stdin: %w", err)
	}
	f := os.NewFile(uintptr(fd), "stdin")
	_, err = f.Write(content)
	if err == nil {
		_, err = f.Seek(0, 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("write stdin: %w", err)
	}
	return f, nil
}

// closeOnExec marks every descriptor that this process was itself started with, so that
// no program inherits one. The Go runtime marks those that are opened later.
func closeOnExec() {
	if unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return // since Linux 5.11
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}
