package main

import (
	"strings"
	"testing"
)

const stallDropin = `processes:
  victim:
    match: {unit: victim.service, name: sleep}
    restart: {unit: victim.service, settle: 200ms, start-timeout: 5s}
    stall: [{stopped: 1s}]
`

// A stalled unit is stopped and started by systemd: one restart, and none of its own.
func TestServiceRestartsAStalledUnit(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": stallDropin})
	s.m.Write("/etc/systemd/system/victim.service.d/restart.conf", "[Service]\nRestart=always\nRestartSec=0\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	s.said("found", 1)
	pid := s.property("victim.service", "MainPID")
	s.m.Must("kill", "-STOP", pid)
	s.said("stall", 1)
	s.said("evidence", 1)
	s.said("recovered", 1)
	if now := s.property("victim.service", "MainPID"); now == pid || now == "0" {
		t.Errorf("victim's main process is %s after the restart, it was %s", now, pid)
	}
	if n := s.property("victim.service", "NRestarts"); n != "0" {
		t.Errorf("systemd has restarted it %s times by itself", n)
	}
	if out := s.journal("PROCWARD_EVENT=killed"); out != "" {
		t.Errorf("procward killed what systemd was to stop: %s", out)
	}
}

// What hangs while its unit is being stopped is the operator's.
func TestServiceLeavesAStalledUnitThatIsBeingStopped(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": stallDropin})
	s.m.Write("/etc/systemd/system/victim.service.d/stop.conf", "[Service]\nExecStop=/usr/bin/sleep 5\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	s.said("found", 1)
	s.m.Must("kill", "-STOP", s.property("victim.service", "MainPID"))
	s.m.Must("systemctl", "stop", "--no-block", "victim.service")
	s.said("foreign-stop", 1)
	s.until("the stop", func() (string, bool) {
		state := s.property("victim.service", "ActiveState")
		return state, state == "inactive"
	})
	if out := s.journal("-u", "procward.service"); strings.Contains(out, "PW0301") || strings.Contains(out, "PW0601") || strings.Contains(out, "PW0214") {
		t.Errorf("it was acted upon:\n%s", out)
	}
}
