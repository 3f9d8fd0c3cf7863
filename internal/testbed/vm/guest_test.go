package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"procward/escalate/power"
	"procward/internal/testbed"
)

// endBy makes the test binary, inside a virtual machine, a program that ends it.
const endBy = "PROCWARD_VM_END_BY"

func TestMain(m *testing.M) {
	testbed.Leash()
	if rung := os.Getenv(endBy); rung != "" {
		fmt.Println(end(rung))
		os.Exit(1)
	}
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vm-programs-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	built.dir, built.files = dir, map[string]string{}
	return m.Run()
}

// end carries out a rung, on the real paths, without systemd. It does nothing unless it
// is in a machine of this package.
func end(rung string) error {
	cmdline, err := os.ReadFile("/proc/cmdline")
	if err != nil || !strings.Contains(string(cmdline), mark) {
		return fmt.Errorf("this is no virtual machine of ours: %q, %v", cmdline, err)
	}
	machine, err := power.Open(power.Options{
		Rungs: []string{rung}, Paths: power.RealPaths(), Kernel: power.Real(), WatchdogTimeout: 4 * time.Second,
		Say: func(step string, err error) { fmt.Println(step, err) },
	})
	if err != nil {
		return err
	}
	return machine.Act(context.Background(), rung, "the reason of this test")
}

// built are the programs that were built, by their command line, for all tests.
var built struct {
	sync.Mutex
	dir   string // until TestMain ends
	files map[string]string
}

// program runs "go COMMAND... -o FILE PACKAGE" once, and gives the file: a static program.
func program(t testing.TB, name string, command ...string) string {
	t.Helper()
	need(t)
	built.Lock()
	defer built.Unlock()
	what := strings.Join(append(command, name), " ")
	if file := built.files[what]; file != "" {
		return file
	}
	out := filepath.Join(built.dir, fmt.Sprint("program-", len(built.files)))
	cmd := exec.Command("go", append(command, "-o", out, name)...)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %v %s: %v: %s", command, name, err, text)
	}
	built.files[what] = out
	return out
}

// TestPower: each way to end the machine of escalate/power, by itself and for real. The
// last line of the kernel is the reason.
func TestPower(t *testing.T) {
	t.Parallel()
	m := Boot(t, Options{Programs: map[string]string{"/usr/local/bin/end": program(t, "procward/internal/testbed/vm", "test", "-c")}})
	if out, err := m.Exec(endBy + "=watchdog-panic end"); err == nil || !strings.Contains(out, "panic instead") {
		t.Errorf("the i6300esb has no pretimeout, and that is said so: %s, %v", out, err)
	}
	for _, rung := range ends {
		known, console := len(m.Events()), len(m.Console())
		if out, err := m.Exec(endBy + "=" + rung.name + " end"); err == nil || out != "" {
			t.Fatalf("%s: %s, %v", rung.name, out, err)
		}
		m.Event("SHUTDOWN")
		if got := join(m.Events()[known:]); got != rung.events {
			t.Errorf("%s: %s, not %s", rung.name, got, rung.events)
		}
		if !strings.Contains(m.Console()[console:], "the reason of this test") {
			t.Errorf("%s: no reason in the kernel's log", rung.name)
		}
		if rung.name == power.Shutdown {
			m.Wait()
			m.Start()
		}
		m.NextBoot()
	}
}

// ends are the rungs that end the machine, and what is seen of each from outside.
var ends = []struct{ name, events string }{
	{power.Reboot, "SHUTDOWN guest-reset"},
	{power.Panic, "GUEST_PANICKED run, SHUTDOWN guest-reset"},
	{power.WatchdogReset, "WATCHDOG reset, SHUTDOWN guest-reset"},
	{power.Shutdown, "SHUTDOWN guest-shutdown"},
}
