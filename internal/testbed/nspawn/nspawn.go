// Package nspawn boots a small Debian with a real systemd as PID 1 in a container, in
// well under a second, for tests of what only a whole host shows: a unit that is
// stopped, a shutdown, journald and rsyslog. Only tests import it.
//
// A container has its own process table, root directory, network (loopback only) and
// cgroups; all that is written inside is gone with it. It needs root and the packages
// systemd-container and mmdebstrap; a test that cannot have one is skipped.
package nspawn

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// limit bounds everything that is waited for.
const limit = time.Minute

// Container is a container that runs.
type Container struct {
	t       testing.TB
	cmd     *exec.Cmd
	leader  int
	console bytes.Buffer  // until ended
	ended   chan struct{} // closed when the container is gone
}

// Boot starts a container and returns when its boot has finished. It is stopped when
// the test ends, and also when the test binary dies.
func Boot(t testing.TB) *Container {
	t.Helper()
	return BootRoot(t, plain)
}

// BootRoot is Boot with another root than the plain one.
func BootRoot(t testing.TB, r Root) *Container {
	t.Helper()
	if testing.Short() {
		t.Skip("a container is too slow for -short")
	}
	if os.Geteuid() != 0 {
		t.Skip("a container with systemd needs root")
	}
	for _, program := range []string{"systemd-nspawn", "nsenter", "mmdebstrap"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("a container with systemd needs %s (packages systemd-container, mmdebstrap)", program)
		}
	}
	root := r.find(t)
	group := Group(t)
	notify := listen(t)
	m := &Container{t: t, ended: make(chan struct{})}
	m.start(root, r.Foreign, group, notify)
	m.leader = notify.ready(m)
	return m
}

// start runs systemd-nspawn in a cgroup of its own: two in one would share their units.
func (m *Container) start(root string, foreign bool, group *os.File, notify *notify) {
	m.t.Helper()
	m.cmd = exec.Command("systemd-nspawn", "--quiet", "--directory="+root, "--volatile=overlay", "--boot",
		"--machine="+filepath.Base(group.Name()),
		"--private-network", "--register=no", "--keep-unit", "--console=pipe", "--notify-ready="+map[bool]string{false: "yes", true: "no"}[foreign],
		"--kill-signal=SIGRTMIN+3")
	m.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "NOTIFY_SOCKET=" + notify.path,
		"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1", // also where the host still has cgroups of version 1
		"SYSTEMD_NSPAWN_LOCK=0"}              // the root is only read
	m.cmd.Stdout, m.cmd.Stderr = &m.console, &m.console
	m.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGTERM, UseCgroupFD: true, CgroupFD: int(group.Fd())}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // Pdeathsig is about the thread that starts it, which must live as long
		started <- m.cmd.Start()
		_ = m.cmd.Wait()
		close(m.ended)
	}()
	if err := <-started; err != nil {
		m.t.Fatalf("systemd-nspawn: %v", err)
	}
	m.t.Cleanup(m.Stop)
}

// Leader is the PID of the container's systemd, as the host sees it.
func (m *Container) Leader() int { return m.leader }

// Command is a command inside the container: with its files, processes and network,
// and of our environment only PATH. What runs through a shutdown of the container is
// better started with Exec.
func (m *Container) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"-t", strconv.Itoa(m.leader), "-a", "--"}, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	cmd.WaitDelay = 5 * time.Second
	cmd.Cancel = func() error { return endChildren(cmd.Process.Pid) }
	return cmd
}

// Exec runs a command inside, for a minute at most, and returns what it wrote to stdout,
// without the blanks around it. What it wrote to stderr is in the error.
func (m *Container) Exec(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := m.Command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Start()
	if err == nil {
		go keepAwake(cmd.Process.Pid)
		err = cmd.Wait()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(stdout.String()), err
}

// Must is Exec that fails the test.
func (m *Container) Must(args ...string) string {
	m.t.Helper()
	out, err := m.Exec(args...)
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// Path is where the host sees a file of the container.
func (m *Container) Path(inside string) string {
	return filepath.Join("/proc", strconv.Itoa(m.leader), "root", inside)
}

// Write makes a file inside, and the directories above it.
func (m *Container) Write(inside, content string, mode os.FileMode) {
	m.t.Helper()
	name := m.Path(inside)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil { // whatever the umask
		m.t.Fatal(err)
	}
}

// Copy copies a file of the host into the container, with its mode.
func (m *Container) Copy(outside, inside string) {
	m.t.Helper()
	st, err := os.Stat(outside)
	if err != nil {
		m.t.Fatal(err)
	}
	content, err := os.ReadFile(outside)
	if err != nil {
		m.t.Fatal(err)
	}
	m.Write(inside, string(content), st.Mode().Perm())
}

// CopySelf copies the test binary that runs into the container, for a test that runs
// itself inside. Where it is linked dynamically, the host's C library must not be newer
// than the container's; CGO_ENABLED=0 avoids the question.
func (m *Container) CopySelf(inside string) {
	m.t.Helper()
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	m.Copy(self, inside)
}

// Wait waits until the container has ended by itself, and returns systemd-nspawn's
// exit code: 0 after a poweroff, 133 after a reboot.
func (m *Container) Wait() int {
	m.t.Helper()
	select {
	case <-m.ended:
	case <-time.After(limit):
		m.t.Fatal("the container does not end")
	}
	return m.cmd.ProcessState.ExitCode()
}

// Stop ends the container at once, without a shutdown. It may be called more than once.
func (m *Container) Stop() {
	m.t.Helper()
	if m.leader != 0 {
		m.kill(m.leader, unix.SIGKILL) // all processes inside go with it, and systemd-nspawn tidies up
	} else {
		m.kill(m.cmd.Process.Pid, unix.SIGTERM)
	}
	select {
	case <-m.ended:
	case <-time.After(limit):
		m.kill(m.cmd.Process.Pid, unix.SIGKILL)
		m.t.Error("the container cannot be stopped")
		return
	}
	if m.t.Failed() {
		m.t.Logf("console of the container:\n%s", m.console.String())
	}
}

// kill is only for processes that cannot have been replaced: systemd-nspawn is our
// child and the leader is its.
func (m *Container) kill(pid int, signal unix.Signal) {
	select {
	case <-m.ended:
	default:
		_ = unix.Kill(pid, signal)
	}
}
