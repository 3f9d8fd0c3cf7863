package rehearse

import (
	"errors"
	"time"

	"procward/internal/engine"
	"procward/internal/script"
	"procward/procscan"
)

// scripts is how programs go that the machine has started.
type scripts struct {
	core    *core
	Scripts map[string]func(env map[string]string) Script // by argv[0], or unit:NAME; none: it succeeds at once
	Usual   func(engine.Run) Script                       // of what is not among them
	Ran     []string                                      // argv[0] of each, in order
	Running map[string]int                                // how many run, by process
	ends    map[int]func(script.Result)                   // of those that run, by token
	runs    []*program                                    // that were ever started
}

func newScripts(c *core) scripts {
	return scripts{core: c, Scripts: map[string]func(map[string]string) Script{}, Running: map[string]int{}, ends: map[int]func(script.Result){}}
}

// Script is how one script goes.
type Script struct {
	Unstarted bool // procward lacks what its start needs
	Takes     time.Duration
	Result    script.Result
	After     func() // its effect on the world, just before it ends
	During    func() // its effect right after it starts
}

// program is a script that was started; it outlives the machine.
type program struct {
	path  string
	since time.Duration
	id    procscan.ID
	over  bool
	tell  func(script.Result) // who waits for it; nil: nobody
	end   func(script.Result)
}

// scriptPIDs is where the PIDs of scripts begin: apart from those of the processes.
const scriptPIDs = 1_000_000

func (s *scripts) start(e engine.Run) {
	path, who := e.Job.Argv[0], e.Job.Env["PROCWARD_PROCESS"]
	s.Ran = append(s.Ran, path)
	s.Running[who]++
	if s.Running[who] > 1 && who != "" && e.Job.Env["PROCWARD_RUNG"] == "" {
		s.core.fail("two scripts at once for %s", who)
	}
	sc := s.scriptOf(e)
	r := &program{path: path, since: s.core.Uptime(), id: procscan.ID{PID: scriptPIDs + len(s.runs), Start: uint64(s.core.Uptime() / tick)}}
	s.runs = append(s.runs, r)
	r.tell = func(result script.Result) {
		if isUnit(path) {
			s.core.Step(engine.UnitRestarted{Token: e.Token, Err: result.Err})
			return
		}
		s.core.Step(engine.ScriptEnded{Token: e.Token, Result: result})
	}
	r.end = func(result script.Result) { s.ended(r, e.Token, who, result) }
	s.ends[e.Token] = r.end
	s.started(e.Token, r, sc)
	s.core.At(sc.Takes+time.Millisecond, func() { s.finish(r, sc) })
}

func (s *scripts) scriptOf(e engine.Run) Script {
	if f := s.Scripts[e.Job.Argv[0]]; f != nil {
		return f(e.Job.Env)
	}
	if s.Usual != nil {
		return s.Usual(e)
	}
	return Script{}
}

func (s *scripts) started(token int, r *program, sc Script) {
	life := s.core.Life
	s.core.At(0, func() {
		if s.core.Life == life && !sc.Unstarted {
			s.core.Step(engine.ScriptStarted{Token: token, ID: r.id, At: r.since})
		}
		if sc.During != nil {
			sc.During()
		}
	})
}

// finish lets a script come to its own end.
func (s *scripts) finish(r *program, sc Script) {
	if r.over {
		return
	}
	if sc.After != nil {
		sc.After()
	}
	if sc.Unstarted {
		sc.Result = script.Result{Code: -1, Err: errors.New("no processes"), Lack: true}
	}
	r.end(sc.Result)
}

func (s *scripts) ended(r *program, token int, who string, result script.Result) {
	if r.over {
		return
	}
	r.over = true
	delete(s.ends, token)
	s.Running[who]--
	if r.tell != nil {
		r.tell(result)
	}
}

func (s *scripts) endScript(e engine.EndScript) {
	s.core.At(killTakes, func() {
		if end := s.ends[e.Token]; end != nil {
			end(script.Result{Signal: "SIGTERM"})
		}
	})
}

// await finds a script that an earlier life has started.
func (s *scripts) await(e engine.Await) {
	for _, r := range s.runs {
		if r.over || r.id != e.ID && (e.ID != procscan.ID{} || r.path != e.Path || r.since < e.Since) {
			continue
		}
		if e.ID == (procscan.ID{}) {
			s.core.Later(0, engine.ScriptStarted{Token: e.Token, ID: r.id, At: s.core.Uptime()})
		}
		r.tell = func(script.Result) { s.core.Step(engine.ScriptGone{Token: e.Token, Cause: Cause{}}) }
		s.ends[e.Token] = r.end
		return
	}
	s.core.Later(0, engine.ScriptGone{Token: e.Token})
}

// orphan is the death of the machine that waits for the scripts: they run on.
func (s *scripts) orphan() {
	s.ends = map[int]func(script.Result){}
	for _, r := range s.runs {
		r.tell = nil
	}
}

// abort ends all, and nobody is told.
func (s *scripts) abort() {
	for _, r := range s.runs {
		r.over = true
	}
	clear(s.Running)
}
