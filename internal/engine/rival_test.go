package engine

import (
	"strings"
	"testing"
	"time"

	"procward/procscan"
)

// The daemon warns once, however often the process is found anew.
func TestRivalIsToldOnce(t *testing.T) {
	s := newSim(t, one(nil))
	s.supervisors = map[int]procscan.Supervisor{50: {PID: 50, Comm: "runsv", Of: "runit"}}
	below := func(p *simProcess) { p.PPID = 50 }
	id := s.spawnAs("httpd", below)
	s.start().run(time.Second)
	s.spawnAs("httpd", below)
	s.die(id, sigkill)
	s.run(time.Minute)
	if !strings.Contains(s.story(), "PW0228 process=httpd pid=101 its parent restarts it as well: it is a child of runsv (pid 50, of runit), so that two restarters fight") || strings.Count(s.story(), "PW0228") != 1 {
		t.Error(s.story())
	}
}
