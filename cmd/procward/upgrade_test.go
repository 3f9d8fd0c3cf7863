package main

import (
	"fmt"
	"strings"
	"testing"
)

const slowDropin = `processes:
  slow:
    match: {name: sleep, args: 'sleep 77778$'}
    absent: ignore
    restart: {run: /etc/procward/scripts/slow, settle: 100ms, start-timeout: 20s}
`

// slowScript waits to be let go before it starts its daemon.
const slowScript = `#!/bin/sh
echo $$ >>/run/slow.ran
until test -e /run/slow.go; do sleep 0.05; done
sleep 77778 &
`

// A package's upgrade replaces the program and restarts the service. What is watched, and a
// script that runs, go on; a death in between is handled, and its cause known.
func TestServiceUpgrade(t *testing.T) {
	s := newService(t, map[string]string{"victim.yaml": victimDropin, "slow.yaml": slowDropin})
	s.m.Write("/etc/procward/scripts/slow", slowScript, 0o755)
	s.m.Write("/run/slow.go", "", 0o644)
	s.m.Must("procward", "start", "slow")
	s.allUp("victim", "slow")
	s.m.Must("rm", "/run/slow.go", "/run/slow.ran")
	knows := !strings.Contains(s.journal("PROCWARD_EVENT=fallback"), "cause of a death")
	s.m.Must("pkill", "-KILL", "-fx", "sleep 77778")
	s.until("the slow script", func() (string, bool) {
		out, err := s.m.Exec("cat", "/run/slow.ran")
		return out, err == nil && out != ""
	})

	s.m.Copy(buildVersion(t, "2"), "/usr/sbin/procward.dpkg-new")
	s.m.Must("mv", "/usr/sbin/procward.dpkg-new", "/usr/sbin/procward")
	s.m.Write("/etc/systemd/system/procward.service.d/slow.conf", "[Service]\nExecStartPre=/usr/bin/sh -c 'until test -e /run/go; do sleep 0.05; done'\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	victim := s.property("victim.service", "MainPID")
	s.m.Must("systemctl", "--no-block", "restart", "procward.service")
	s.until("the start to wait", func() (string, bool) {
		state := s.property("procward.service", "SubState")
		return state, state == "start-pre"
	})
	s.m.Must("kill", "-KILL", victim)
	s.m.Write("/run/go", "", 0o644)
	s.said("taken-over", 1)
	s.active("victim.service")
	s.m.Write("/run/slow.go", "", 0o644)
	s.said("recovered", 2)

	s.allUp("victim", "slow")
	out := s.m.Must("procward", "status", "--json")
	if !strings.Contains(out, `"version": "2"`) || strings.Count(out, `"attempts_used": 1`) != 2 {
		t.Errorf("after the upgrade:\n%s", out)
	}
	if ran := s.m.Must("cat", "/run/slow.ran"); strings.Contains(ran, "\n") {
		t.Errorf("the script ran more than once: %q", ran)
	}
	if down := s.journal("PROCWARD_ID=PW0201", "PROCWARD_PROCESS=victim"); knows && !strings.Contains(down, "killed by SIGKILL") {
		t.Errorf("the cause of the death in between is not known: %q", down)
	}
}

const stubbornUnit = `[Service]
ExecStart=/usr/bin/sleep 86400
Restart=always
RestartSec=0
`

// pairOf is a group of victim.service and another unit.
func pairOf(other, strategy string) map[string]string {
	return map[string]string{"pair.yaml": fmt.Sprintf(`processes:
  victim: {group: pair, match: {unit: victim.service, name: sleep}, restart: {unit: victim.service, settle: 200ms, start-timeout: 5s}}
  %[1]s: {group: pair, after: [victim], absent: wait, match: {unit: %[1]s.service, name: sleep}, restart: {unit: %[1]s.service, settle: 200ms, start-timeout: 5s}}
groups:
  pair: {strategy: %s}
`, other, strategy)}
}

// allUp waits until processes are up.
func (s *service) allUp(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.until(name+" to be up", func() (string, bool) {
			out, err := s.m.Exec("procward", "status", "--json", name)
			return out, err == nil && strings.Contains(out, `"state": "up"`)
		})
	}
}

// systemd would start the units again by itself if they were killed.
func TestServiceStopsAUnitThatRestartsByItself(t *testing.T) {
	s := newService(t, pairOf("other", "one"))
	s.m.Write("/etc/systemd/system/victim.service", stubbornUnit, 0o644)
	s.m.Write("/etc/systemd/system/other.service", stubbornUnit, 0o644)
	s.m.Must("systemctl", "daemon-reload")
	s.m.Must("systemctl", "restart", "victim.service", "other.service")
	s.allUp("victim", "other")
	before := s.property("other.service", "MainPID")
	for _, what := range []string{"victim", "pair"} {
		s.m.Must("procward", "stop", what)
		if state := s.property("victim.service", "ActiveState"); state != "inactive" {
			t.Errorf("after the stop of %s the unit is %s", what, state)
		}
		s.m.Must("procward", "start", what)
		s.allUp("victim", "other")
	}
	if now := s.property("other.service", "MainPID"); now == before || now == "0" {
		t.Errorf("other is %s, it was %s", now, before)
	}
	// A stop outlives the daemon.
	s.m.Must("procward", "stop", "pair")
	s.m.Must("systemctl", "restart", "procward.service")
	s.m.Must("procward", "start", "pair")
	s.allUp("victim", "other")
	for _, unit := range []string{"victim.service", "other.service"} {
		if n := s.property(unit, "NRestarts"); n != "0" {
			t.Errorf("systemd itself restarted %s %s times", unit, n)
		}
	}
}

// A restart of the group stops and starts the units; a daemon that is killed in the middle
// of it leaves nothing stopped, though systemd cannot tell the next one who has stopped it.
func TestServiceGroupRestartOfUnits(t *testing.T) {
	s := newService(t, pairOf("weak", "all"))
	const slowly = "ExecStopPost=/usr/bin/sh -c 'touch /run/stopped; until test -e /run/go; do sleep 0.05; done'\n"
	s.m.Write("/run/go", "", 0o644)
	s.m.Write("/etc/systemd/system/victim.service", stubbornUnit+slowly, 0o644)
	s.m.Write("/etc/systemd/system/weak.service", "[Service]\nExecStart=/usr/bin/sleep 86400\n", 0o644)
	s.m.Must("systemctl", "daemon-reload")
	s.m.Must("systemctl", "restart", "victim.service", "weak.service")
	s.allUp("victim", "weak")
	s.m.Must("rm", "-f", "/run/go", "/run/stopped")
	s.m.Must("kill", "-KILL", s.property("weak.service", "MainPID"))
	s.until("procward's stop of the victim", func() (string, bool) {
		out, err := s.m.Exec("ls", "/run/stopped")
		return out, err == nil
	})
	s.m.Must("kill", "-KILL", s.property("procward.service", "MainPID"))
	s.m.Write("/run/go", "", 0o644)
	s.said("taken-over", 1)
	s.allUp("victim", "weak")
	s.active("victim.service")
	s.active("weak.service")
}
