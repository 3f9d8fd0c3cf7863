package engine_test

import (
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/internal/script"
)

// hears gives what hooks read on their standard input.
func (s *sim) hears() *[]string {
	var heard []string
	s.Acts = func(e Effect) {
		if run, ok := e.(Run); ok && (run.Event != nil) != (run.Job.Argv[0] == "/hook") {
			s.t.Errorf("%v is told %+v", run.Job.Argv, run.Event)
		} else if ok && run.Event != nil {
			heard = append(heard, string(run.Event.JSON(time.Date(2026, 11, 22, 3, 24, 1, 417233000, time.UTC))))
		}
	}
	return &heard
}

func TestHookIsToldTheWholeEvent(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) { g.Escalate = g.Escalate[1:2] }))
	s.Spawn("app")
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	heard := s.hears()
	s.Die(id, sigkill)
	s.Run(time.Minute)
	want := `{"time":"2026-11-22T03:24:01.417233Z","id":"PW0501","severity":"crit","event":"rung","message":"escalation: hook","group":"web","rung":"hook","members":[` +
		`{"process":"app","state":"up","pids":[101],"attempt":0,"attempts":"1"},` +
		`{"process":"httpd","state":"exhausted","pids":[],"attempt":1,"attempts":"1","down_us":1003000,"pid":102,"cause":"killed by SIGKILL","exit_signal":"SIGKILL"}]}` + "\n"
	if len(*heard) != 1 || (*heard)[0] != want {
		t.Errorf("it read\n %s\nwant\n %s\n%s", *heard, want, s.story())
	}
}

func TestHookOfAnOwnLadderIsToldOfItsProcess(t *testing.T) {
	cfg := web(nil)
	cfg.Processes["httpd"] = entry("httpd", "web", func(p *confd.Process) {
		p.Restart.Attempts = scalar.AtMost(0)
		p.Escalate = &escalate.Ladder{{Hook: &escalate.Hook{Run: script.Argv{"/hook"}, Timeout: scalar.Duration(time.Minute)}}}
	})
	s := newSim(t, cfg)
	s.Spawn("app")
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	heard := s.hears()
	s.Die(id, clean)
	s.Run(time.Minute)
	want := `"process":"httpd","group":"web","rung":"hook","members":[` +
		`{"process":"httpd","state":"exhausted","pids":[],"attempt":0,"attempts":"0","down_us":2000,"pid":102,"cause":"exited with code 0","exit_code":0}]}` + "\n"
	if len(*heard) != 1 || !strings.HasSuffix((*heard)[0], want) {
		t.Errorf("it read\n %s\nwant\n %s\n%s", *heard, want, s.story())
	}
}

func TestHookOfAMonitorIsToldOfItsTargets(t *testing.T) {
	s := monitored(t, web(nil), map[string]confd.Monitor{"port": gateway("web", func(mon *confd.Monitor) {
		mon.Attempts = scalar.AtMost(0)
		mon.Escalate = escalate.Ladder{{Hook: &escalate.Hook{Run: script.Argv{"/hook"}, Timeout: scalar.Duration(time.Minute)}}}
	})}).ailing()
	heard := s.hears()
	s.Sicken("port", "tcp", "connection refused")
	s.Run(10 * time.Minute)
	want := `"monitor":"port","cause":"monitor port: connection refused","rung":"hook","members":[` +
		`{"process":"app","state":"up","pids":[101],"attempt":0,"attempts":"1"},{"process":"httpd","state":"up","pids":[102],"attempt":0,"attempts":"1"}]}` + "\n"
	if len(*heard) != 1 || !strings.HasSuffix((*heard)[0], want) {
		t.Errorf("it read\n %s\nwant\n %s\n%s", *heard, want, s.story())
	}
}

func TestHandedOverTellsWhatTheHookSaid(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) { g.Escalate = g.Escalate[1:2] }))
	s.Spawn("app")
	id := s.Spawn("httpd")
	s.Scripts["/hook"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{Result: script.Result{Output: "shop runs on two"}}
	}
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(3 * time.Second)
	if !strings.HasSuffix(s.story(), ` PW0506 group=web rung=hook handed over by the hook output="shop runs on two"`) {
		t.Errorf("it told:\n%s", s.story())
	}
}
