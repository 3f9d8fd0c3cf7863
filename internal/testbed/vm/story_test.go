package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// victim is what procward watches: a copy of sleep that nobody else restarts.
const victim = `processes:
  victim:
    group: all
    match: {exe: /usr/local/bin/victim}
    restart: {run: [%s], attempts: %d, window: 1h, start-timeout: 5s, settle: 1s}
groups:
  all:
    escalate: [%s]
`

const startVictim = `#!/bin/sh
exec setsid --fork /usr/local/bin/victim 86400 </dev/null >/dev/null 2>&1
`

// newHost boots a machine with procward, its unit and a drop-in in it, and the victim
// running; procward is neither started nor enabled.
func newHost(t *testing.T, dropin string) *Guest {
	t.Helper()
	need(t)
	unit, err := os.ReadFile("../../../packaging/systemd/procward.service")
	if err != nil {
		t.Fatal(err)
	}
	start := filepath.Join(t.TempDir(), "start")
	if err := os.WriteFile(start, []byte(startVictim), 0o755); err != nil {
		t.Fatal(err)
	}
	m := Boot(t, Options{
		Files: map[string]string{
			"/etc/systemd/system/procward.service": string(unit),
			"/etc/procward/conf.d/victim.yaml":     dropin,
		},
		Programs: map[string]string{
			"/usr/sbin/procward":           program(t, "procward/cmd/procward", "build"),
			"/etc/procward/scripts/victim": start,
			"/usr/local/bin/victim":        "/usr/bin/sleep",
		},
	})
	m.Must("/etc/procward/scripts/victim")
	return m
}

// said waits for a message of procward in the journal.
func said(m *Guest, event string) string {
	m.t.Helper()
	return m.Until("journalctl --quiet --output=cat --boot PROCWARD_EVENT=" + event + " | grep .")
}

// TestStory: what procward does today, with systemd, journald and rsyslog, on a kernel
// (6.1) that tells of no death but by the process table: a process that is killed is
// restarted, the cause is what the zombie's stat has shown, or said to be unknown.
func TestStory(t *testing.T) {
	t.Parallel()
	m := newHost(t, fmt.Sprintf(victim, "/etc/procward/scripts/victim", 3, "none: {}"))
	m.Must("procward check")
	m.Must("systemctl enable --now --quiet procward")
	t.Log(m.Must("procward version"))
	said(m, "found")
	m.Must("kill -KILL $(pidof victim)")
	down := said(m, "down")
	if !strings.Contains(down, "process=victim") || !strings.Contains(down, "killed by SIGKILL") && !strings.Contains(down, "unknown") {
		t.Errorf("down: %s", down)
	}
	t.Log(down)
	if got := said(m, "recovered"); !strings.Contains(got, "attempt=1 attempts=3") {
		t.Errorf("recovered: %s", got)
	}
	m.Until("grep -h PW0303 /var/log/syslog")

	// procward itself is killed: systemd brings it back, and nobody else is hurt.
	before := m.Must("pidof victim")
	m.Must("systemctl kill --kill-who=main --signal=KILL procward")
	m.Until("test $(systemctl show --value --property=NRestarts procward) = 1 && systemctl is-active procward")
	if after := m.Must("pidof victim"); after != before {
		t.Errorf("victim was %s and is %s", before, after)
	}

	// After a boot it watches again, and what is absent is restarted.
	m.End("systemctl --no-block reboot")
	if got := m.Event("SHUTDOWN").Reason; got != "guest-reset" {
		t.Error(got)
	}
	m.NextBoot()
	m.Until("pidof victim")
	said(m, "recovered")
	if log := m.Must("journalctl --quiet --output=cat --boot=-1 --unit=procward --grep=PW0201"); !strings.Contains(log, "victim") {
		t.Errorf("the journal of the boot before: %s", log)
	}
}
