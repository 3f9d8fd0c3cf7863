package systemd

import (
	"context"
	"os"
	"strings"
	"testing"

	"procward/internal/testbed/nspawn"
)

// The container's end shows which it was: 0 after a poweroff, 133 after a reboot.
func TestPower(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare []string
		ask     func(*Link, context.Context) error
		why     string // that Watch tells
		code    int
	}{
		"power off":              {nil, (*Link).PowerOff, "logind", 0},
		"reboot":                 {nil, (*Link).Reboot, "logind", 133},
		"power off, no logind":   {[]string{"systemctl", "mask", "--runtime", "--now", "systemd-logind.service"}, (*Link).PowerOff, "job for ", 0},
		"reboot, logind is hung": {[]string{"systemctl", "kill", "-s", "STOP", "systemd-logind.service"}, (*Link).Reboot, "job for ", 133},
	} {
		t.Run(name, func(t *testing.T) {
			b := boot(t)
			if c.prepare != nil {
				b.Must(c.prepare...)
			}
			events := observe(t, b.link)
			expect(t, events, BootFinished, "")
			if err := c.ask(b.link, context.Background()); err != nil {
				t.Fatal(err)
			}
			expect(t, events, ShutdownBegins, c.why)
			if code := b.Wait(); code != c.code {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func TestPowerWhileItGoesDown(t *testing.T) {
	t.Parallel()
	b := boot(t)
	b.install("slow.service", slowStop+"\n[Unit]\nAfter=dbus.service dbus.socket systemd-logind.service")
	b.start(t, "slow.service")
	b.ready("slow.service")
	for range 2 {
		if err := b.link.Reboot(context.Background()); err != nil {
			t.Error(err)
		}
	}
	b.Must("touch", "/run/go")
	if code := b.Wait(); code != 133 {
		t.Errorf("exit code %d", code)
	}
}

func TestPowerIsRefused(t *testing.T) {
	t.Parallel()
	b := boot(t)
	b.Must("systemctl", "mask", "--runtime", "reboot.target")
	b.Must("systemctl", "mask", "--runtime", "--now", "systemd-logind.service")
	err := b.link.Reboot(context.Background())
	if err == nil || !strings.Contains(err.Error(), "reboot.target: logind: ") || !strings.Contains(err.Error(), "; systemd: Unit reboot.target is masked") {
		t.Error(err)
	}
	b.link.Close()
	if err := b.link.Reboot(context.Background()); err == nil {
		t.Error("a closed link reboots")
	}
}

// Without a bus root asks systemd itself, from inside.
func TestPowerWithoutABus(t *testing.T) {
	if os.Getenv("PROCWARD_INSIDE") != "" {
		l, err := Connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if s, err := l.connected(context.Background()); err != nil || s.bus {
			t.Fatalf("connected over the bus, or not at all: %v", err)
		}
		if err := l.Reboot(context.Background()); err != nil {
			t.Error(err)
		}
		return
	}
	t.Parallel()
	m := nspawn.Boot(t)
	m.CopySelf("/run/self.test")
	m.Must("systemctl", "stop", "dbus.socket", "dbus.service")
	_, _ = m.Exec("env", "PROCWARD_INSIDE=yes", "/run/self.test", "-test.run=^TestPowerWithoutABus$") // its end may be that of the container
	if code := m.Wait(); code != 133 {
		t.Errorf("exit code %d", code)
	}
}
