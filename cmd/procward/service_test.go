package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"io"

	"procward/internal/testbed"
	"procward/internal/testbed/nspawn"
)

// service is procward as a systemd service on a host of its own: a container with a real
// systemd, journald and rsyslog.
type service struct {
	t *testing.T
	m *nspawn.Container
}

const victimUnit = `[Unit]
After=procward.service
[Service]
ExecStart=/usr/bin/sleep 86400
`

// slowUnit keeps the container's shutdown waiting while procward is still there.
const slowUnit = `[Unit]
After=procward.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/usr/bin/sleep 1
`

const victimDropin = `processes:
  victim:
    match: {unit: victim.service, name: sleep}
    restart: {unit: victim.service, settle: 200ms, start-timeout: 5s}
`

func newService(t *testing.T, dropins map[string]string) *service {
	t.Helper()
	m := nspawn.Boot(t)
	binary := buildVersion(t, "1")
	s := &service{t, m}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the journal:\n%s", s.journal("-u", "procward.service"))
		}
	})
	m.Copy(binary, "/usr/sbin/procward")
	m.Copy("../../packaging/systemd/procward.service", "/etc/systemd/system/procward.service")
	m.Write("/etc/systemd/system/victim.service", victimUnit, 0o644)
	m.Write("/etc/systemd/system/slow.service", slowUnit, 0o644)
	m.Write("/etc/rsyslog.d/procward.conf", ":programname, isequal, \"procward\" /var/log/procward.log\n", 0o644)
	for name, text := range dropins {
		m.Write("/etc/procward/conf.d/"+name, text, 0o644)
	}
	m.Must("systemctl", "daemon-reload")
	m.Must("systemctl", "restart", "rsyslog.service")
	m.Must("systemctl", "start", "slow.service", "victim.service")
	m.Must("systemctl", "start", "procward.service")
	return s
}

// buildVersion builds procward, as a version.
func buildVersion(t *testing.T, version string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "procward")
	build := exec.Command("go", "build", "-ldflags", "-X main.version="+version, "-o", binary, ".")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build procward: %v: %s", err, out)
	}
	return binary
}

// said waits until so many messages with an event are in the journal, and gives them.
func (s *service) said(event string, n int) string {
	s.t.Helper()
	return s.until(event, func() (string, bool) {
		out := s.journal("PROCWARD_EVENT=" + event)
		return out, out != "" && strings.Count(out, "\n")+1 >= n
	})
}

// until waits for a condition of the container.
func (s *service) until(what string, ok func() (string, bool)) string {
	s.t.Helper()
	return testbed.Tells(s.t, what, ok)
}

func (s *service) journal(args ...string) string {
	out, err := s.m.Exec(append([]string{"journalctl", "-q", "-o", "cat", "--no-pager"}, args...)...)
	if err != nil {
		return err.Error()
	}
	return out
}

func (s *service) property(unit, name string) string {
	return s.m.Must("systemctl", "show", "--value", "-p", name, unit)
}

func (s *service) active(unit string) {
	s.t.Helper()
	s.until(unit+" active", func() (string, bool) {
		state := s.property(unit, "ActiveState")
		return state, state == "active"
	})
}

func TestServiceRestartsAUnit(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	pid := s.property("victim.service", "MainPID")
	s.m.Must("kill", "-KILL", pid)
	s.said("recovered", 1)
	if now := s.property("victim.service", "MainPID"); now == pid || now == "0" {
		t.Errorf("victim's main process is %s after the restart, it was %s", now, pid)
	}
	down := s.journal("PROCWARD_ID=PW0201", "PROCWARD_PROCESS=victim", "PROCWARD_EXIT_SIGNAL=SIGKILL", "PRIORITY=3")
	if !strings.Contains(down, "down: killed by SIGKILL") {
		t.Errorf("the journal has no such message with native fields: %q", down)
	}
	s.until("a line in rsyslog's file", func() (string, bool) {
		out, _ := s.m.Exec("grep", "PW0303", "/var/log/procward.log")
		return out, strings.Contains(out, "recovered")
	})
}

func TestServiceLeavesTheOperatorAlone(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	s.m.Must("systemctl", "stop", "victim.service")
	s.said("foreign-stop", 1)
	s.m.Must("systemctl", "start", "victim.service")
	s.until("victim tracked again", func() (string, bool) {
		out, _ := s.m.Exec("procward", "status", "victim", "--json")
		return out, strings.Contains(out, `"state": "up"`)
	})
	for range 2 {
		s.m.Must("systemctl", "restart", "victim.service")
	}
	s.active("victim.service")
	s.until("victim tracked again", func() (string, bool) {
		out, _ := s.m.Exec("procward", "status", "victim", "--json")
		return out, strings.Contains(out, `"state": "up"`)
	})
	if out := s.journal("PROCWARD_EVENT=restart"); out != "" {
		t.Errorf("procward restarted what the operator stopped or restarted:\n%s", s.journal("-u", "procward.service"))
	}
}

func TestServiceLeavesAShutdownAlone(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	// journald runs to the end. Its file outlives the container where it is open.
	journals, err := filepath.Glob(s.m.Path("/*/log/journal/*/system.journal")) // below /run or /var
	if err != nil || len(journals) != 1 {
		t.Fatalf("journals %v: %v", journals, err)
	}
	journal, err := os.Open(journals[0])
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	s.m.Must("systemctl", "--no-block", "poweroff")
	if code := s.m.Wait(); code != 0 {
		t.Errorf("the container ended with %d, not with a poweroff", code)
	}
	text, err := io.ReadAll(journal)
	if err != nil || bytes.Contains(text, []byte("PROCWARD_ID=PW0301")) || !bytes.Contains(text, []byte("PROCWARD_ID=PW0105")) {
		t.Errorf("during the shutdown procward said, %v: %q", err, regexp.MustCompile("MESSAGE=PW[ -~]*").FindAll(text, -1))
	}
}

func TestServiceRestartLeavesWhatItStarted(t *testing.T) {
	s := newService(t, map[string]string{"daemon.yaml": `processes:
  daemon:
    match: {args: '^sleep 77777$'}
    absent: restart
    restart: {run: /etc/procward/scripts/daemon, settle: 100ms, start-timeout: 300ms}
`})
	s.m.Write("/etc/procward/scripts/daemon", "#!/bin/sh\nsleep 77777 &\n", 0o755)
	s.said("recovered", 1)
	pid := s.m.Must("pgrep", "-fx", "sleep 77777")
	s.m.Must("systemctl", "restart", "procward.service")
	s.said("taken-over", 1)
	if now := s.m.Must("pgrep", "-fx", "sleep 77777"); now != pid {
		t.Errorf("after the restart of procward the daemon is %s, it was %s", now, pid)
	}
	if out := s.journal("PROCWARD_EVENT=restart"); strings.Count(out, "\n") > 0 {
		t.Errorf("the daemon was restarted again:\n%s", out)
	}
}

func TestServiceWatchdog(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.m.Write("/etc/systemd/system/procward.service.d/fast.conf", "[Service]\nWatchdogSec=1\nRestartSec=0\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	s.m.Must("systemctl", "restart", "procward.service")
	pid := s.property("procward.service", "MainPID")
	s.m.Must("kill", "-STOP", pid)
	s.until("another procward", func() (string, bool) {
		now := s.property("procward.service", "MainPID")
		return now, now != pid && now != "0"
	})
	s.active("procward.service")
}

func TestServiceStopDaemonIsFinal(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": `processes:
  victim:
    match: {unit: victim.service, name: sleep}
    restart: {attempts: 0}
    escalate: [{stop-daemon: {exit-code: 71}}]
`})
	s.said("found", 1)
	s.m.Must("kill", "-KILL", s.property("victim.service", "MainPID"))
	s.until("the end of procward", func() (string, bool) {
		state := s.property("procward.service", "ActiveState")
		return state, state == "failed"
	})
	if code := s.property("procward.service", "ExecMainStatus"); code != "71" {
		t.Errorf("procward ended with %s, want 71", code)
	}
	if n := s.property("procward.service", "NRestarts"); n != "0" {
		t.Errorf("systemd restarted it %s times", n)
	}
}

func TestServiceKnowsTheCauseOfADeathDuringItsRestart(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	if out := s.journal("PROCWARD_EVENT=fallback"); strings.Contains(out, "cause of a death") {
		t.Skip("the kernel tells no cause after the reap: " + out)
	}
	// A restart that takes a while.
	s.m.Write("/etc/systemd/system/procward.service.d/slow.conf", "[Service]\nExecStartPre=/usr/bin/sh -c 'until test -e /run/go; do sleep 0.05; done'\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	pid := s.property("victim.service", "MainPID")
	s.m.Must("systemctl", "--no-block", "restart", "procward.service")
	s.until("the start to wait", func() (string, bool) {
		state := s.property("procward.service", "SubState")
		return state, state == "start-pre"
	})
	s.m.Must("kill", "-KILL", pid)
	s.until("the end of the victim", func() (string, bool) {
		state := s.property("victim.service", "ActiveState")
		return state, state == "failed"
	})
	s.m.Write("/run/go", "", 0o644)
	s.said("recovered", 1)
	if out := s.journal("PROCWARD_ID=PW0201"); !strings.Contains(out, "killed by SIGKILL") {
		t.Errorf("the cause of the death is not known:\n%s", s.journal("-u", "procward.service"))
	}
	if out := s.property("procward.service", "NFileDescriptorStore"); out != "0" {
		t.Errorf("%s descriptors are still kept", out)
	}
}

func TestServiceKilledGoesOnWhereItWas(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	s.m.Must("kill", "-KILL", s.property("victim.service", "MainPID"))
	s.said("recovered", 1)
	victim := s.property("victim.service", "MainPID")
	s.m.Must("kill", "-KILL", s.property("procward.service", "MainPID"))
	s.said("taken-over", 1)
	if now := s.property("victim.service", "MainPID"); now != victim {
		t.Errorf("the victim is %s, it was %s", now, victim)
	}
	out := s.m.Must("procward", "status", "victim", "--json")
	if !strings.Contains(out, `"attempts_used": 1`) || !strings.Contains(out, `"state": "up"`) {
		t.Errorf("after the restart:\n%s", out)
	}
}
