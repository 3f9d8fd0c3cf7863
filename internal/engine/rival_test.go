package engine_test

import (
	"strings"
	"testing"
	"time"

	"procward/internal/rehearse"
	"procward/procscan"
)

// The daemon warns once, however often the process is found anew.
func TestRivalIsToldOnce(t *testing.T) {
	s := newSim(t, one(nil))
	s.Supervisors = map[int]procscan.Supervisor{50: {PID: 50, Comm: "runsv", Of: "runit"}}
	below := func(p *rehearse.Process) { p.PPID = 50 }
	id := s.SpawnAs("httpd", below)
	s.start().Run(time.Second)
	s.SpawnAs("httpd", below)
	s.Die(id, sigkill)
	s.Run(time.Minute)
	if !strings.Contains(s.story(), "PW0228 process=httpd pid=101 its parent restarts it as well: it is a child of runsv (pid 50, of runit), so that two restarters fight") || strings.Count(s.story(), "PW0228") != 1 {
		t.Error(s.story())
	}
}
