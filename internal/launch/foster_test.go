package launch

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

const fosterEnv = "LAUNCH_TEST_FOSTER"

// As PID 1 of a PID namespace it reaps what is left to it, and none of its own programs:
// each is waited for and its exit code is right.
func TestPID1(t *testing.T) {
	if os.Getenv(fosterEnv) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestPID1$", "-test.v")
		cmd.Env = append(os.Environ(), fosterEnv+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Unshareflags: 0, Pdeathsig: syscall.SIGKILL}
		out, err := cmd.CombinedOutput()
		if err != nil && strings.Contains(err.Error(), "operation not permitted") {
			t.Skip(err)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		t.Fatal(err)
	}
	p, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go p.Foster(ctx)
	orphans := script(t, `(sleep 0.01; exit 3) & (setsid sleep 0.02 &) ; exit 5`)
	for range 50 {
		if code := exitOf(t, p, start(t, p, program(orphans))); code != 5 {
			t.Errorf("exit code %d", code)
		}
	}
	testbed.Until(t, "nothing is left", func() bool {
		for _, c := range children() {
			if c.zombie || strings.HasPrefix(c.name, "sleep") || c.name == "script" {
				return false
			}
		}
		return true
	})
}
