package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tracks waits until the victim is up as a PID.
func (s *service) tracks(pid string) {
	s.t.Helper()
	s.until("pid "+pid+" tracked", func() (string, bool) {
		out, _ := s.m.Exec("procward", "status", "victim", "--json")
		return out, strings.Contains(out, fmt.Sprintf(`"pid": %s,`, pid))
	})
}

// mainPID is the main process of a unit, once that has executed its program and is
// another than before.
func (s *service) mainPID(unit, before string) string {
	s.t.Helper()
	return s.until("the main process of "+unit, func() (string, bool) {
		pid := s.property(unit, "MainPID")
		comm, _ := s.m.Exec("cat", "/proc/"+pid+"/comm")
		return pid, comm == "sleep" && pid != before
	})
}

// After somebody's restart of a unit, or systemd's own, procward tracks the new process
// without waiting for its next look: a death is told with its own PID and cause.
func TestServiceSeesForeignRestartsAtOnce(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	pid := s.mainPID("victim.service", "")
	s.m.Must("systemctl", "restart", "victim.service")
	pid = s.mainPID("victim.service", pid)
	s.tracks(pid)
	s.m.Write("/etc/systemd/system/victim.service.d/own.conf", "[Service]\nRestart=always\nRestartSec=100ms\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	for range 2 {
		s.m.Must("kill", "-SEGV", pid)
		pid = s.mainPID("victim.service", pid)
		s.tracks(pid)
	}
	s.m.Must("rm", "/etc/systemd/system/victim.service.d/own.conf")
	s.m.Must("systemctl", "daemon-reload")
	s.m.Must("kill", "-SEGV", pid)
	s.said("recovered", 1)
	s.tracks(s.mainPID("victim.service", pid))
	if down := s.journal("PROCWARD_ID=PW0201"); !strings.Contains(down, "pid="+pid+" down: killed by SIGSEGV") || strings.Count(down, "\n") != 0 {
		t.Errorf("pid %s:\n%s", pid, s.journal("-u", "procward.service"))
	}
}

// What was not tracked when it ended never gets the PID and the cause of the one before it.
func TestServiceDeathUnseen(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	pid := s.mainPID("victim.service", "")
	s.m.Write("/etc/systemd/system/victim.service.d/broken.conf", "[Service]\nExecStart=\nExecStart=/bin/sh -c 'exit 3'\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	s.m.Must("systemctl", "restart", "victim.service")
	down := s.said("down", 1)
	if strings.Contains(down, "pid=") || !strings.Contains(down, unseenWords) {
		t.Errorf("the one before was %s: %s", pid, down)
	}
}

const unseenWords = "how it ended since is not known"

// A spent start limit does not burn the attempts: it is lifted, and that is told.
func TestServiceStartLimit(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	s.m.Write("/etc/systemd/system/victim.service.d/limit.conf", "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	pid := s.mainPID("victim.service", "")
	for n := range 2 {
		s.m.Must("kill", "-KILL", pid)
		s.said("recovered", n+1)
		pid = s.mainPID("victim.service", pid)
	}
	if out := s.said("start-limit-lifted", 1); !strings.Contains(out, "victim.service: StartLimitBurst=1 in StartLimitIntervalSec=1h") {
		t.Error(out)
	}
	if out := s.journal("PROCWARD_EVENT=restart-failed"); out != "" {
		t.Error(out)
	}
}

// A masked unit is the operator's: no attempt is spent, no ladder begins.
func TestServiceMaskedUnit(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin})
	s.said("found", 1)
	s.m.Must("mv", "/etc/systemd/system/victim.service", "/usr/lib/systemd/system/victim.service") // where a package has it
	s.m.Must("systemctl", "mask", "victim.service")
	s.m.Must("kill", "-KILL", s.mainPID("victim.service", ""))
	if out := s.said("foreign-stop", 1); !strings.Contains(out, "systemctl unmask") {
		t.Error(out)
	}
	s.m.Must("systemctl", "unmask", "victim.service")
	s.m.Must("systemctl", "start", "victim.service")
	s.tracks(s.mainPID("victim.service", ""))
	if out := s.journal("PROCWARD_EVENT=restart"); out != "" {
		t.Error(out)
	}
}

// A PID 1 that answers nothing holds up nobody for long, however many units are missing:
// scripts run, and it is told once.
func TestServiceSilentSystemd(t *testing.T) {
	var many strings.Builder
	many.WriteString("processes:\n")
	for i := range 300 {
		fmt.Fprintf(&many, "  many-%d: {match: {unit: many-%[1]d.service, name: nobody}, absent: wait, restart: {run: /bin/true, start-timeout: 1s}}\n", i)
	}
	s := newService(t, map[string]string{"many.yaml": many.String(), "victim.yaml": `processes:
  victim:
    match: {unit: victim.service, name: sleep}
    restart: {run: /etc/procward/scripts/victim, settle: 200ms, start-timeout: 20s}
`})
	s.m.Write("/etc/procward/scripts/victim", "#!/bin/sh\ntouch /run/script-ran\n", 0o755)
	s.tracks(s.mainPID("victim.service", ""))
	pid := s.mainPID("victim.service", "")
	if err := unix.Kill(s.m.Leader(), unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer unix.Kill(s.m.Leader(), unix.SIGCONT)
	s.m.Must("kill", "-KILL", pid)
	s.until("its script", func() (string, bool) {
		_, err := os.Stat(filepath.Join(s.m.Path("/run/script-ran")))
		return fmt.Sprint(err), err == nil
	})
	if err := unix.Kill(s.m.Leader(), unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if out := s.said("systemd-silent", 1); strings.Contains(out, "\n") {
		t.Errorf("told more than once: %s", out)
	}
	s.said("systemd-answers", 1)
}
