package vm

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestSmoke: it boots, runs commands, keeps its disk over a loss of power, and powers
// itself off.
func TestSmoke(t *testing.T) {
	t.Parallel()
	before := time.Now()
	m := New(t, Options{
		Files:    map[string]string{"/etc/some/where/file": "content\n"},
		Programs: map[string]string{"/usr/local/bin/again": "/bin/true"},
	})
	t.Logf("disk after %v", time.Since(before))
	m.Start()
	first := m.NextBoot()
	t.Logf("booted after %v", time.Since(before))
	if got := m.Must("systemctl is-system-running || systemctl --failed"); got != "running" {
		t.Error(got)
	}
	if got := m.Must("cat /proc/sys/kernel/random/boot_id"); got != first {
		t.Errorf("boot id %s, and told was %s", got, first)
	}
	if got := m.Must("cat /etc/some/where/file; stat -c '%a %U %G' /etc/some/where/file /usr/local/bin/again; again"); got != "content\n644 root root\n755 root root" {
		t.Errorf("files: %s", got)
	}
	if out, err := m.Exec("echo out; echo why >&2; exit 3"); out != "out" || err == nil || !strings.Contains(err.Error(), "exit status 3: why") {
		t.Error(out, err)
	}
	m.Must("systemd-run --quiet sleep 1000; sleep 1000 & echo kept >/root/kept; sync; echo lost >/root/lost")
	m.Stop()
	if _, err := m.Exec("true"); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	m.Start()
	if second := m.NextBoot(); second == first || len(m.Boots()) != 2 {
		t.Errorf("boots %v", m.Boots())
	}
	if got := m.Must("cat /root/kept"); got != "kept" {
		t.Error(got)
	}
	m.End("systemctl --no-block poweroff")
	if got := m.Event("SHUTDOWN").Reason; got != "guest-shutdown" {
		t.Error(got)
	}
	m.Wait()
	if !strings.Contains(m.Console(), "Linux version 6.") {
		t.Error("the console shows no kernel")
	}
	t.Logf("all after %v: %v", time.Since(before), m.Events())
}

// TestEnds: what ends the machine is told from outside, and what resets it boots it again.
// The machine is the same for all, in a row of boots.
func TestEnds(t *testing.T) {
	t.Parallel()
	m := Boot(t, Options{})
	for _, c := range []struct{ name, script, want string }{
		{"reboot", "systemctl --no-block reboot", "SHUTDOWN guest-reset"},
		{"sysrq b", "echo b >/proc/sysrq-trigger", "SHUTDOWN guest-reset"},
		{"sysrq c", "echo c >/proc/sysrq-trigger", "GUEST_PANICKED run, SHUTDOWN guest-reset"},
		{"unfed watchdog", "wdctl --settimeout 4 /dev/watchdog0 && exec 9>/dev/watchdog0 && echo >&9 && sleep 1000 & disown", "WATCHDOG reset, SHUTDOWN guest-reset"},
		{"poweroff", "systemctl --no-block poweroff", "SHUTDOWN guest-shutdown"},
	} {
		before, known := time.Now(), len(m.Events())
		m.End(c.script)
		m.Event("SHUTDOWN")
		if got := join(m.Events()[known:]); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
		ended := time.Since(before)
		if c.name == "poweroff" {
			break
		}
		m.NextBoot()
		t.Logf("%s: ended after %v, booted after %v", c.name, ended, time.Since(before))
	}
	m.Wait()
	if n := len(m.Boots()); n != 5 {
		t.Errorf("%d boots", n)
	}
}

func join(events []Event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.String())
	}
	return strings.Join(all, ", ")
}
