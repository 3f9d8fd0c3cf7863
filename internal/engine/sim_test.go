package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/message"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
)

// sim is the world of a rehearsal, which holds after each step what must be true of a
// machine, and writes down what is said.
type sim struct {
	*rehearse.World
	t       testing.TB
	said    []string
	kinds   []*message.Kind
	check   func(message.Message)
	stepped func()                // after each step
	stays   func(EndMachine) bool // the act returns; nil: the machine boots again
	endings []time.Duration       // when the machine was to be ended, since the last recover
	did     []string              // the rungs
}

func newSim(t testing.TB, cfg *confd.Config) *sim {
	s := &sim{World: rehearse.New(cfg), t: t}
	s.Heard, s.Kept, s.Ends = s.hear, s.allTold, s.mayEnd
	s.Matches = func(_ string, m procscan.Match) string { return m.Name }
	s.Fail = func(text string) { t.Fatalf("%s:\n%s", text, s.story()) }
	s.After = func() {
		if why := s.Machine.AlarmsHold(); why != "" {
			t.Fatalf("%s:\n%s", why, s.story())
		}
		if s.stepped != nil {
			s.stepped()
		}
	}
	return s
}

// sortedNames is the keys of a map in their order.
func sortedNames[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }

// start gives the machine its configuration.
func (s *sim) start() *sim {
	s.Begin()
	return s
}

// ready makes rungs ready.
func (s *sim) ready(rungs ...string) *sim {
	s.Ready(rungs...)
	return s
}

func (s *sim) hear(m message.Message) {
	s.kinds = append(s.kinds, m.Kind)
	s.said = append(s.said, fmt.Sprintf("%8.3f %s", (s.Now-rehearse.Epoch).Seconds(), m.Line()))
	if s.check != nil {
		s.check(m)
	}
}

// allTold holds that the changes that were told are all.
func (s *sim) allTold() {
	whole := s.Machine.Save()
	if reflect.DeepEqual(whole, Saved(s.Written)) {
		return
	}
	for key := range whole {
		if string(whole[key]) != string(s.Written[key]) {
			s.t.Fatalf("a change of %s was not told:\nis      %s\nwritten %s\n%s", key, whole[key], s.Written[key], s.story())
		}
	}
	s.t.Fatalf("what is written is %d keys, not %d:\n%s", len(s.Written), len(whole), s.story())
}

// mayEnd holds what must be true of every act that ends the machine.
func (s *sim) mayEnd(e EndMachine) (stays bool) {
	var kept escalate.Ledger
	if err := json.Unmarshal(s.Written[KeyBreaker], &kept); err != nil || len(kept.Entries) == 0 {
		s.t.Fatalf("%s without a record: %v\n%s", e.Rung, err, s.story())
	}
	last := kept.Entries[len(kept.Entries)-1]
	if last.Rung != e.Rung || last.Boot != s.Moment().Boot || last.Outcome != escalate.Asked || last.Reason != e.Reason || e.Reason == "" {
		s.t.Fatalf("the record of %+v is %+v\n%s", e, last, s.story())
	}
	limit := s.Config.Daemon.RebootLimit
	if i := len(s.endings) - limit.Count; limit.Count == 0 || i >= 0 && s.Now-s.endings[i] < limit.Window.D() {
		s.t.Fatalf("more than %d in %v: %v and now\n%s", limit.Count, limit.Window, s.endings, s.story())
	}
	if s.Uptime() < limit.MinUptime.D() {
		s.t.Fatalf("after an uptime of %v:\n%s", s.Uptime(), s.story())
	}
	if s.Machine.Holds() {
		s.t.Fatalf("%s while suspended:\n%s", e.Rung, s.story())
	}
	if s.allUp() {
		s.t.Fatalf("%s, and everything is up:\n%s", e.Rung, s.story())
	}
	s.endings, s.did = append(s.endings, s.Now), append(s.did, e.Rung)
	return s.stays != nil && s.stays(e)
}

// allUp reports that every process had been there when the last look began, and no check is bad.
func (s *sim) allUp() bool {
	for _, signs := range s.Verdicts {
		for _, v := range signs {
			if v == watch.Bad {
				return false
			}
		}
	}
	for _, p := range s.Config.Processes {
		n := 0
		for _, id := range s.IDs(p.Match.Name) {
			if s.Uptime()-id.Started() > s.LookTakes+20*time.Millisecond {
				n++
			}
		}
		if n < p.Match.Count.Min {
			return false
		}
	}
	return len(s.Config.Processes) > 0
}

func (s *sim) story() string { return strings.Join(s.said, "\n") }

// tells compares the story since the last call with what is expected, line by line.
func (s *sim) tells(want string) {
	s.t.Helper()
	var lines []string
	for _, l := range strings.Split(strings.TrimSpace(want), "\n") {
		lines = append(lines, strings.TrimSpace(l))
	}
	var got []string
	for _, l := range s.said {
		got = append(got, strings.TrimSpace(l))
	}
	if strings.Join(got, "\n") != strings.Join(lines, "\n") {
		s.t.Errorf("the story is\n%s\n\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
	s.said = nil
}

// entry is a process with a script of its name, as the configuration would give it.
func entry(name, group string, change func(*confd.Process)) confd.Process {
	p := confd.Process{Group: group, Match: procscan.DefaultMatch(), Absent: confd.AbsentRestart, Excess: confd.DefaultExcess(), Restart: restart.DefaultSpec()}
	p.Match.Name = name
	p.Restart.Run = script.Argv{"/restart/" + name}
	p.Restart.Backoff.Jitter = 0
	if change != nil {
		change(&p)
	}
	return p
}

// at80 is a place to serve at, the socket of a process or one that it was given.
func at80(inode uint64) []succession.Socket {
	return []succession.Socket{{Kind: "tcp", Addr: "0.0.0.0:80", Inode: inode}}
}

var (
	sigkill = watch.Cause{Known: true, Signal: 9}
	exit3   = watch.Cause{Known: true, Code: 3}
	clean   = watch.Cause{Known: true}
)

// startsWell is a script that starts the process again, and then it is well.
func startsWell(s *sim, name string) func(map[string]string) rehearse.Script {
	return func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() {
			s.Ill = map[string]string{}
			s.Spawn(name)
		}}
	}
}

// probed is a process with a probe: http every 10 s, three failures.
func probed(change func(*confd.Process)) func(*confd.Process) {
	return func(p *confd.Process) {
		p.Stall = []confd.StallItem{{Check: httpCheck(nil)}}
		if change != nil {
			change(p)
		}
	}
}

func httpCheck(change func(*probe.Check)) probe.Check {
	c := probe.Check{Kinds: probe.Kinds{HTTP: &probe.HTTP{URL: "http://127.0.0.1/"}}, Interval: scalar.Duration(10 * time.Second), Timeout: scalar.Duration(5 * time.Second),
		Failures: probe.Failures{N: 3, Of: 3}, Successes: 1, Action: watch.ActRestart}
	if change != nil {
		change(&c)
	}
	return c
}

// probedHTTPD is a simulated httpd, that has been up and well for a second.
func probedHTTPD(s *sim) procscan.ID {
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	return id
}

// byUnit gives an entry the restart of a unit, which works.
func (s *sim) byUnit(name, unit string) {
	p := s.Config.Processes[name]
	p.Restart.Run, p.Restart.Unit = nil, unit
	s.Config.Processes[name] = p
	s.Scripts["unit:"+unit] = func(map[string]string) rehearse.Script {
		return rehearse.Script{Takes: 50 * time.Millisecond, After: func() {
			s.Resume(name)
			if len(s.IDs(name)) == 0 {
				s.Spawn(name)
			}
		}}
	}
}
