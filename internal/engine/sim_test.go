package engine

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/internal/script"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/procscan/traits"
	"procward/restart"
	"procward/watch"
)

// sim is a world on a virtual clock: it carries out the machine's effects on simulated
// processes, and writes down what is said.
type sim struct {
	supervisors   map[int]procscan.Supervisor // that the looks find
	t             testing.TB
	m             *Machine
	cfg           *confd.Config
	now           time.Duration
	queue         agenda
	seq           int
	nextPID       int
	procs         map[procscan.ID]*simProcess
	tracked       map[procscan.ID]bool
	units         map[string]Unit
	lookErr       error
	lookTakes     time.Duration
	doubt         map[string][]procscan.Unreadable
	scripts       map[string]func(env map[string]string) simScript // by argv[0]
	ran           []string
	halted        map[string]int       // the life in which the unit of a process was stopped
	unitStops     func(StopUnit) error // nil: they stop
	running       map[string]int       // scripts by process name
	said          []string
	kinds         []*message.Kind
	exit          int
	exited        bool
	check         func(message.Message)
	reborn        func() // before a machine begins again: what systemd tells every daemon
	stepped       func() // after each step
	killed        func(procscan.ID) restart.Outcome
	killToldFirst bool                        // before the exits of those killed
	ends          map[int]func(script.Result) // of scripts that run, by token
	attended      map[string]Attend           // by target
	ill           map[string]string           // why a check fails, by target/sign
	rests         map[string]bool
	acts          func(Effect)                        // is shown every effect first
	verdicts      map[string]map[string]watch.Verdict // of the present rounds, by target and sign
	mute          map[string]bool                     // a check tells nothing, by target/sign
	evidenceTakes time.Duration
	evidence      []string // of which targets it was taken
	victims       []procscan.ID
	life          int       // how often the machine was begun anew
	unborn        bool      // between two lives
	runs          []*simRun // scripts that were ever started
	memory        memory    // what the machine has had written
	power         power     // the host that the daemon runs on
	answered      Ordered   // to the last order
}

// simProcess is one process of the simulated table.
type simProcess struct {
	procscan.Process
	name string // the entry that it matches

	serves []succession.Socket
	layout uint64 // its own, or that of the one it was forked from; 0: not known
	pale   bool   // its traits cannot be read
}

// traits is what can be read of it.
func (p *simProcess) traits(now time.Duration) succession.Traits {
	t := succession.Traits{Comm: p.Comm, Session: p.Session, Serves: p.serves, Whole: true, At: now}
	t.Layout = succession.Layout{Code: p.layout << 12, Stack: p.layout << 20, Brk: p.layout << 16}
	return t
}

// at80 is a place to serve at, the socket of a process or one that it was given.
func at80(inode uint64) []succession.Socket {
	return []succession.Socket{{Kind: "tcp", Addr: "0.0.0.0:80", Inode: inode}}
}

// simScript is how a script will go.
type simScript struct {
	unstarted bool // procward lacks what its start needs
	takes     time.Duration
	result    script.Result
	after     func() // its effect on the world, just before it ends
	during    func() // its effect right after it starts
}

type agenda []appointment

type appointment struct {
	at  time.Duration
	seq int
	do  func()
}

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(appointment)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

func newSim(t testing.TB, cfg *confd.Config) *sim {
	return &sim{
		t: t, m: NewMachine(cfg.Daemon.Observe, 1), cfg: cfg, now: 1000 * time.Second, lookTakes: time.Millisecond, nextPID: 100,
		procs: map[procscan.ID]*simProcess{}, tracked: map[procscan.ID]bool{}, units: map[string]Unit{},
		doubt: map[string][]procscan.Unreadable{}, scripts: map[string]func(map[string]string) simScript{}, running: map[string]int{}, halted: map[string]int{},
		ends: map[int]func(script.Result){}, attended: map[string]Attend{}, ill: map[string]string{}, mute: map[string]bool{}, rests: map[string]bool{}, verdicts: map[string]map[string]watch.Verdict{}, evidenceTakes: 10 * time.Millisecond,
	}
}

// at plans something on the virtual clock.
func (s *sim) at(after time.Duration, do func()) {
	s.seq++
	heap.Push(&s.queue, appointment{at: s.now + after, seq: s.seq, do: do})
}

// spawn adds a process that the named entry matches.
func (s *sim) spawn(name string) procscan.ID {
	return s.spawnAs(name, func(*simProcess) {})
}

func (s *sim) spawnAs(name string, change func(*simProcess)) procscan.ID {
	s.nextPID++
	p := &simProcess{name: name}
	p.ID = procscan.ID{PID: s.nextPID, Start: uint64(s.uptime() / (10 * time.Millisecond))}
	p.Comm, p.State, p.PPID, p.Session, p.Threads = name, 'S', 1, s.nextPID, 1
	p.layout = uint64(s.nextPID)
	change(p)
	for id, up := range s.procs {
		if id.PID == p.PPID && up.name == name { // forked
			p.layout, p.serves = up.layout, up.serves
		}
	}
	s.procs[p.ID] = p
	return p.ID
}

// die ends a process; the tracker tells of it at once.
func (s *sim) die(id procscan.ID, c watch.Cause) {
	p := s.procs[id]
	if p == nil {
		return
	}
	delete(s.procs, id)
	for _, child := range s.procs {
		if child.PPID == id.PID {
			child.PPID = 1
		}
	}
	if s.tracked[id] {
		delete(s.tracked, id)
		s.later(0, Died{Events: []watch.Event{{ID: id, At: s.uptime(), Cause: c}}})
	}
}

func (s *sim) dieAll(name string, c watch.Cause) {
	for _, id := range s.idsOf(name) {
		s.die(id, c)
	}
}

func (s *sim) idsOf(name string) []procscan.ID {
	var ids []procscan.ID
	for id, p := range s.procs {
		if p.name == name {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b procscan.ID) int { return a.PID - b.PID })
	return ids
}

func (s *sim) step(in Input) {
	life := s.life
	effects := s.m.Step(moment(s), in)
	effects = s.memory.keep(s, effects)
	s.alarmsHold()
	if s.stepped != nil {
		s.stepped()
	}
	for i, e := range effects {
		if a, is := e.(Answer); is {
			s.answered = a.Ordered
			continue
		}
		if s.memory.cut(s, effects[i:]) {
			return
		}
		if s.life == life {
			s.effect(e)
		}
	}
}

// later plans something that the machine of this life will be told.
func (s *sim) later(after time.Duration, in Input) {
	life := s.life
	s.at(after, func() {
		if s.life == life {
			s.step(in)
		}
	})
}

// start gives the machine its configuration.
func (s *sim) start() *sim {
	s.begin()
	return s
}

// run lets the virtual time pass.
func (s *sim) run(d time.Duration) {
	end := s.now + d
	for steps := 0; ; steps++ {
		if steps > 200000 {
			s.t.Fatalf("the machine does not come to rest at %v:\n%s", s.now, s.story())
		}
		at, isWake := end+1, false
		if len(s.queue) > 0 {
			at = s.queue[0].at
		}
		if wake, ok := s.m.Wake(); ok && s.power.bootAt+wake < at {
			at, isWake = max(s.power.bootAt+wake, s.now), true
		}
		if at > end {
			s.now = end
			return
		}
		s.now = at
		if isWake {
			s.step(Tick{})
			continue
		}
		heap.Pop(&s.queue).(appointment).do()
	}
}

func (s *sim) effect(e Effect) {
	if s.acts != nil {
		s.acts(e)
	}
	switch e := e.(type) {
	case Track:
		if s.procs[e.ID] == nil {
			s.later(0, TrackFailed{ID: e.ID, At: s.uptime()})
			return
		}
		s.tracked[e.ID] = true
		if p := s.procs[e.ID]; !p.pale {
			s.later(0, Remembered{Of: map[procscan.ID]succession.Traits{e.ID: p.traits(s.uptime())}})
		}
	case Untrack:
		delete(s.tracked, e.ID)
	case Look:
		found := s.find(e) // what comes while it looks is missed
		s.later(s.lookTakes, Looked{Token: e.Token, Found: found})
	case Run:
		s.runScript(e)
	case Await:
		s.await(e)
	case RestartUnit:
		s.runScript(Run{Token: e.Token, Job: script.Job{Argv: script.Argv{"unit:" + e.Unit}}})
	case StopUnit:
		s.stopUnit(e)
	case EndScript:
		s.at(time.Millisecond, func() {
			if end := s.ends[e.Token]; end != nil {
				end(script.Result{Signal: "SIGTERM"})
			}
		})
	case Kill:
		s.victims = append(s.victims, e.IDs...)
		s.kill(e)
	case Attend:
		s.attend(e)
	case Unattend:
		if s.attended[e.Target].Round == 0 && !s.rests[e.Target] {
			s.t.Fatalf("%s was not attended:\n%s", e.Target, s.story())
		}
		delete(s.attended, e.Target)
		s.rests[e.Target] = e.Stays
	case Record:
		s.record(e)
	case EndMachine:
		s.endMachine(e)
	case Evidence:
		s.evidence = append(s.evidence, e.Target)
		s.later(s.evidenceTakes, EvidenceTaken{Token: e.Token, Path: "/evidence/" + e.Target})
	case Say:
		s.kinds = append(s.kinds, e.Message.Kind)
		s.said = append(s.said, fmt.Sprintf("%8.3f %s", (s.now-1000*time.Second).Seconds(), e.Message.Line()))
		if s.check != nil {
			s.check(e.Message)
		}
	case Exit:
		s.exit, s.exited = e.Code, true
	}
}

func (s *sim) find(l Look) map[string]Finding {
	out := map[string]Finding{}
	for name, want := range l.Of {
		f := Finding{Err: s.lookErr, Supervisors: s.supervisors}
		if want.Missing {
			f.Unit = s.unitOf(name)
		}
		pids, matching := map[int]bool{}, s.idsOf(want.Match.Name)
		for _, id := range matching {
			pids[id.PID] = true
		}
		for _, id := range matching {
			p := s.procs[id]
			f.Selection.Matching = append(f.Selection.Matching, p.Process)
			if want.Match.Select == procscan.All || !pids[p.PPID] {
				f.Selection.Selected = append(f.Selection.Selected, p.Process)
			}
		}
		for _, id := range want.Kept {
			if s.procs[id] == nil {
				f.Gone = append(f.Gone, id)
			}
		}
		for _, p := range s.procs {
			for _, at := range p.serves {
				if want.Judged && p.name != want.Match.Name && slices.Contains(want.Places, at) && at.Inode != 0 {
					f.Holders = append(f.Holders, traits.Holder{Process: p.Process, Got: traits.Got{Traits: p.traits(s.uptime()), Parent: s.parentOf(p)}})
					break
				}
			}
		}
		f.Selection.Unreadable = s.doubt[name]
		for _, q := range f.Selection.Matching {
			if p := s.procs[q.ID]; (want.Counted || want.Judged && (!want.Known[q.ID] || want.Beside[q.ID]) || slices.Contains(want.Kept, q.ID) || want.First) && !p.pale {
				if f.Traits == nil {
					f.Traits = map[procscan.ID]traits.Got{}
				}
				f.Traits[q.ID] = traits.Got{Traits: p.traits(s.uptime()), Parent: s.parentOf(p)}
			}
		}
		out[name] = f
	}
	return out
}

func (s *sim) parentOf(p *simProcess) succession.Parent {
	for id, up := range s.procs {
		if id.PID == p.PPID {
			return succession.Parent{Process: up.Process, Layout: up.traits(0).Layout}
		}
	}
	return succession.Parent{}
}

func (s *sim) runScript(e Run) {
	path, who := e.Job.Argv[0], e.Job.Env["PROCWARD_PROCESS"]
	s.ran = append(s.ran, path)
	s.running[who]++
	if s.running[who] > 1 && who != "" && e.Job.Env["PROCWARD_RUNG"] == "" {
		s.t.Fatalf("two scripts at once for %s:\n%s", who, s.story())
	}
	sc := simScript{}
	if f := s.scripts[path]; f != nil {
		sc = f(e.Job.Env)
	}
	at, life := s.uptime(), s.life
	run := &simRun{path: path, since: at, id: procscan.ID{PID: 1_000_000 + len(s.runs), Start: uint64(s.uptime() / (10 * time.Millisecond))}}
	s.runs = append(s.runs, run)
	s.at(0, func() {
		if s.life == life && !sc.unstarted {
			s.step(ScriptStarted{Token: e.Token, ID: run.id, At: at})
		}
		if sc.during != nil {
			sc.during()
		}
	})
	run.tell = func(result script.Result) {
		if strings.HasPrefix(path, "unit:") {
			s.step(UnitRestarted{Token: e.Token, Err: result.Err})
			return
		}
		s.step(ScriptEnded{Token: e.Token, Result: result})
	}
	end := func(result script.Result) {
		if run.over {
			return
		}
		run.over = true
		delete(s.ends, e.Token)
		s.running[who]--
		if run.tell != nil {
			run.tell(result)
		}
	}
	s.ends[e.Token], run.end = end, end
	s.at(sc.takes+time.Millisecond, func() {
		if run.over {
			return
		}
		if sc.after != nil {
			sc.after()
		}
		if sc.unstarted {
			sc.result = script.Result{Code: -1, Err: errors.New("no processes"), Lack: true}
		}
		end(sc.result)
	})
}

func (s *sim) kill(e Kill) {
	life := s.life
	s.at(time.Millisecond, func() {
		if s.life != life {
			return
		}
		var ended []restart.Ended
		for _, id := range e.IDs {
			out := restart.Gone
			if s.procs[id] != nil {
				out = restart.BySignal
				if s.killed != nil {
					out = s.killed(id)
				}
				if out != restart.Unkillable && out != restart.Refused {
					s.die(id, watch.Cause{Known: true, Signal: 15})
				}
			}
			ended = append(ended, restart.Ended{ID: id, Outcome: out})
		}
		if s.killToldFirst {
			s.step(KillEnded{Token: e.Token, Ended: ended})
			return
		}
		s.later(0, KillEnded{Token: e.Token, Ended: ended})
	})
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

var (
	sigkill = watch.Cause{Known: true, Signal: 9}
	exit3   = watch.Cause{Known: true, Code: 3}
	clean   = watch.Cause{Known: true}
)
