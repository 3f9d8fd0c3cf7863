// Package testbed is what tests on real processes share: what a test has started ends
// with the test, also when that is killed, and there is one way to wait. Only tests import
// it.
package testbed

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// warden is argv[0] of the process that holds the leash.
const warden = "procward-test-leash"

// Leash puts this process, and so whatever it starts from now on, on a leash: when it has
// ended, in whichever way, all of that is killed. It is the first line of a TestMain,
// because the program that holds the leash is the test's own; it does not return there.
// In a child of a test that is on a leash it does nothing of that.
//
// It also makes the surroundings the same for everybody who runs the tests: the umask,
// the language, the time zone, and nothing of the service manager's.
//
// The leash is the soft limit RLIMIT_RSS, which has no effect since Linux 2.4.30
// (getrlimit(2)) and is set to a number that nobody else has. Unlike a parent, a process
// group, a session or an environment it stays with a daemon that detaches itself, and
// unlike a control group it needs no privilege. Being a subreaper would do as well, but
// orphans would then have a parent that they have on no real machine.
func Leash() {
	if os.Args[0] == warden {
		os.Exit(keep(os.Args[1:]))
	}
	if err := hold(); err != nil {
		fmt.Fprintln(os.Stderr, "what this test starts may outlive it:", err)
	}
}

func hold() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_RSS, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	if limit.Max != unix.RLIM_INFINITY {
		return nil // on a leash already
	}
	settle()
	mark, err := newMark()
	if err == nil {
		err = startWarden(mark)
	}
	if err == nil {
		err = unix.Setrlimit(unix.RLIMIT_RSS, &unix.Rlimit{Cur: mark, Max: mark})
	}
	return err
}

// newMark is a limit far above what any machine has, and unlike any other.
func newMark() (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, err
	}
	return 1<<62 | binary.NativeEndian.Uint64(b[:])>>8, nil
}

// startWarden starts the holder, in a session of its own. The pipe that it reads ends
// with us: no child inherits our end.
func startWarden(mark uint64) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{warden, strconv.FormatUint(mark, 10)}
	cmd.Dir, cmd.Stdin = "/", read
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		write.Close()
		return err
	}
	_, err = unix.FcntlInt(write.Fd(), unix.F_DUPFD_CLOEXEC, 0) // open until our end, whatever becomes of the file
	write.Close()
	return err
}

// keep is the program that holds the leash.
func keep(args []string) int {
	if len(args) != 1 {
		return 2
	}
	mark, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return 2
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	if !end(mark) {
		return 1
	}
	return 0
}
