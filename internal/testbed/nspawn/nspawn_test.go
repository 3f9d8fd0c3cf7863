package nspawn

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMachine(t *testing.T) {
	t.Parallel()
	before := time.Now()
	m := Boot(t)
	t.Logf("booted in %v", time.Since(before))
	if got := m.Must("systemctl", "is-system-running"); got != "running" {
		t.Errorf("state %s: %s", got, m.Must("systemctl", "--failed"))
	}
	if got := m.Must("cat", "/proc/1/comm"); got != "systemd" {
		t.Errorf("PID 1 is %s", got)
	}
	m.Write("/etc/some/file", "content\n", 0o640)
	if got := m.Must("stat", "-c", "%a %U", "/etc/some/file"); got != "640 root" {
		t.Errorf("file has %s", got)
	}
	if _, err := m.Exec("sh", "-c", "echo why >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "exit status 3: why") {
		t.Error(err)
	}
	m.Must("logger", "hello from inside")
	m.Must("sh", "-c", "until journalctl --grep 'hello from inside' && grep 'hello from inside' /var/log/syslog; do sleep 0.02; done")
	if _, err := os.Stat("/etc/some/file"); err == nil {
		t.Error("the file is on the host")
	}
}

func TestCommandIsCancelled(t *testing.T) {
	t.Parallel()
	m := Boot(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := m.Command(ctx, "sh", "-c", "echo started; exec sleep 4711")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	cancel()
	if err := cmd.Wait(); err == nil {
		t.Error("it ended by itself")
	}
	if pids, err := m.Exec("pgrep", "-f", "sleep 4711"); err == nil {
		t.Errorf("it lives on: %s", pids)
	}
}

func TestMachinesAreApart(t *testing.T) {
	t.Parallel()
	a, b := Boot(t), Boot(t)
	a.Must("systemd-run", "--unit=only-a", "sleep", "1000")
	if got := a.Must("systemctl", "is-active", "only-a"); got != "active" {
		t.Errorf("in a: %s", got)
	}
	if got, err := b.Exec("systemctl", "is-active", "only-a"); err == nil {
		t.Errorf("in b: %s", got)
	}
	a.Stop()
	if _, err := os.Stat(a.Path("/")); err == nil {
		t.Error("it is not gone")
	}
	b.Must("true")
}

func TestWait(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]int{"poweroff": 0, "reboot": 133} {
		m := Boot(t)
		m.Must("systemctl", "--no-block", command)
		if _, err := m.Exec("sleep", "1000"); err == nil {
			t.Errorf("%s: a command outlives the container", command)
		}
		if got := m.Wait(); got != want {
			t.Errorf("%s: exit code %d, not %d", command, got, want)
		}
	}
}
