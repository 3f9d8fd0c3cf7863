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
	Scripts map[string]func(env map[string]string) Script // by argv[0], or unit:NAME; none: it succeeds at once
	Usual   func(engine.Run) Script                       // of what is not among them
	Ran     []string                                      // argv[0] of each, in order
	running map[string]int                                // by process
	ends    map[int]func(script.Result)                   // of those that run, by token
	runs    []*program                                    // that were ever started
}

func newScripts() scripts {
	return scripts{Scripts: map[string]func(map[string]string) Script{}, running: map[string]int{}, ends: map[int]func(script.Result){}}
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

func (w *World) run(e engine.Run) {
	path, who := e.Job.Argv[0], e.Job.Env["PROCWARD_PROCESS"]
	w.Ran = append(w.Ran, path)
	w.running[who]++
	if w.running[who] > 1 && who != "" && e.Job.Env["PROCWARD_RUNG"] == "" {
		w.fail("two scripts at once for %s", who)
	}
	sc := w.scriptOf(e)
	r := &program{path: path, since: w.Uptime(), id: procscan.ID{PID: scriptPIDs + len(w.runs), Start: uint64(w.Uptime() / tick)}}
	w.runs = append(w.runs, r)
	r.tell = func(result script.Result) {
		if isUnit(path) {
			w.Step(engine.UnitRestarted{Token: e.Token, Err: result.Err})
			return
		}
		w.Step(engine.ScriptEnded{Token: e.Token, Result: result})
	}
	r.end = func(result script.Result) { w.ended(r, e.Token, who, result) }
	w.ends[e.Token] = r.end
	w.started(e.Token, r, sc)
	w.At(sc.Takes+time.Millisecond, func() { w.finish(r, sc) })
}

func (w *World) scriptOf(e engine.Run) Script {
	if f := w.Scripts[e.Job.Argv[0]]; f != nil {
		return f(e.Job.Env)
	}
	if w.Usual != nil {
		return w.Usual(e)
	}
	return Script{}
}

func (w *World) started(token int, r *program, sc Script) {
	life := w.Life
	w.At(0, func() {
		if w.Life == life && !sc.Unstarted {
			w.Step(engine.ScriptStarted{Token: token, ID: r.id, At: r.since})
		}
		if sc.During != nil {
			sc.During()
		}
	})
}

// finish lets a script come to its own end.
func (w *World) finish(r *program, sc Script) {
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

func (w *World) ended(r *program, token int, who string, result script.Result) {
	if r.over {
		return
	}
	r.over = true
	delete(w.ends, token)
	w.running[who]--
	if r.tell != nil {
		r.tell(result)
	}
}

func (w *World) endScript(e engine.EndScript) {
	w.At(killTakes, func() {
		if end := w.ends[e.Token]; end != nil {
			end(script.Result{Signal: "SIGTERM"})
		}
	})
}

// await finds a script that an earlier life has started.
func (w *World) await(e engine.Await) {
	for _, r := range w.runs {
		if r.over || r.id != e.ID && (e.ID != procscan.ID{} || r.path != e.Path || r.since < e.Since) {
			continue
		}
		if e.ID == (procscan.ID{}) {
			w.Later(0, engine.ScriptStarted{Token: e.Token, ID: r.id, At: w.Uptime()})
		}
		r.tell = func(script.Result) { w.Step(engine.ScriptGone{Token: e.Token, Cause: Cause{}}) }
		w.ends[e.Token] = r.end
		return
	}
	w.Later(0, engine.ScriptGone{Token: e.Token})
}
