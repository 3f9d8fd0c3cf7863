package systemd

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

// A unit whose start limit is spent is started all the same, whether systemd has refused a
// start already or would refuse the next; the limit is named.
func TestStartLimit(t *testing.T) {
	t.Parallel()
	b := boot(t)
	for name, refused := range map[string]bool{"refused": true, "spent": false} {
		unit := name + ".service"
		b.install(unit, "ExecStart=/usr/bin/sleep infinity")
		b.Write("/etc/systemd/system/"+unit+".d/limit.conf", "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n", 0o644)
		b.Must("systemctl", "daemon-reload")
		for range 2 {
			b.kill("KILL", b.start(t, unit))
			b.until(t, unit, "down", Unit.down)
		}
		if refused {
			if _, err := b.Exec("systemctl", "start", unit); err == nil {
				t.Fatal("it has no limit")
			}
		}
		var told []string
		accepted := 0
		p := Progress{Accepted: func() { accepted++ }, Lifted: func(limit string) { told = append(told, limit) }}
		if err := b.link.Restart(context.Background(), unit, p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if u := b.unit(t, unit); !u.Up() || accepted != 1 || len(told) != 1 || told[0] != "StartLimitBurst=2 in StartLimitIntervalSec=1h" {
			t.Errorf("%s: %+v, accepted %d times, told %q", name, u, accepted, told)
		}
	}
}

// Whose business each refusal is, and what there is to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		is   error
		text string
	}{
		"org.freedesktop.systemd1.TransactionIsDestructive":   {ErrConflict, ""},
		"org.freedesktop.systemd1.ShuttingDown":               {ErrConflict, ""},
		"org.freedesktop.systemd1.UnitMasked":                 {ErrMasked, "systemctl unmask"},
		"org.freedesktop.systemd1.NoSuchUnit":                 {nil, "systemctl status a.service"},
		"org.freedesktop.systemd1.BadUnitSetting":             {nil, "systemd-analyze verify a.service"},
		"org.freedesktop.systemd1.OnlyByDependency":           {nil, "pulls a.service in"},
		"org.freedesktop.DBus.Error.AccessDenied":             {ErrUnheard, "run it as root"},
		"org.freedesktop.DBus.Error.LimitsExceeded":           {ErrUnheard, ""},
		"org.freedesktop.systemd1.SomethingNobodyHasHeardOf":  {nil, "why"},
		"org.freedesktop.systemd1.TransactionJobsConflicting": {ErrConflict, "why"},
	} {
		err := refusal("a.service", dbus.Error{Name: name, Body: []any{"why"}})
		if !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), "why") {
			t.Errorf("%s: %v", name, err)
		}
		for _, is := range []error{ErrConflict, ErrMasked, ErrUnheard} {
			if errors.Is(err, is) != (is == c.is) {
				t.Errorf("%s is %v: %v", name, is, err)
			}
		}
	}
}
