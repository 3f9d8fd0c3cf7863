package rehearse

import (
	"slices"
	"time"

	"procward/internal/engine"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/restart"
)

// late is how long before the last moment something comes that is nearly too late: the
// looks for it are a second apart.
const late = 1100 * time.Millisecond

// acts lets the victim end again, once it was found.
func (o *outage) acts(e engine.Effect) {
	track, is := e.(engine.Track)
	if !is || !o.began || o.Procs[track.ID] == nil || o.Procs[track.ID].Name != o.victim {
		return
	}
	after := time.Duration(0)
	if o.pace == Slow {
		after = max(0, o.Config.Processes[o.victim].Restart.Settle.D()-tick)
	}
	o.At(after, func() { o.Die(track.ID, o.end) })
}

// killGrace is what a script has between TERM and KILL when its time is over.
const killGrace = 5 * time.Second

// script is how a script goes, and the restart of a unit.
func (o *outage) script(e engine.Run) Script {
	s := Script{}
	if o.pace == Slow {
		s.Takes, s.Result = e.Job.Timeout+killGrace, script.Result{Code: -1, Signal: "SIGKILL", TimedOut: true}
	}
	group, process := e.Job.Env["PROCWARD_GROUP"], e.Job.Env["PROCWARD_PROCESS"]
	g := o.Config.Groups[group]
	switch argv := e.Job.Argv; {
	case e.Event != nil: // a hook
		if o.pace == Quick {
			s.Result.Code = 1
		}
	case isUnit(argv[0]):
		s.After = func() { o.comeByUnit(argv[0]) }
	case g.Stop != nil && slices.Equal(argv, g.Stop):
		s.After = func() {
			for _, name := range o.Config.Members(group) {
				o.DieAll(name, Finished)
			}
		}
	case g.Start != nil && slices.Equal(argv, g.Start):
		s.After = func() {
			for _, name := range o.Config.Members(group) {
				o.come(name)
			}
		}
	default:
		s.After = func() { o.come(process) }
	}
	return s
}

func (o *outage) comeByUnit(path string) {
	for name, p := range o.Config.Processes {
		if unitPath+p.Restart.Unit == path {
			o.Resume(name)
			o.come(name)
		}
	}
}

// come lets a process be there again: at once, or when it is nearly too late.
func (o *outage) come(name string) {
	p := o.Config.Processes[name]
	after := time.Duration(0)
	if o.pace == Slow {
		after = max(0, p.Restart.StartTimeout.D()-late)
	}
	o.At(after, func() {
		for range max(1, p.Match.Count.Min) - len(o.IDs(name)) {
			o.Spawn(name)
		}
	})
}

// luck is the pauses with the random part of the jitter: the shortest, or the longest.
func (p Pace) luck(b restart.Backoff) restart.Backoff {
	by := 1 - b.Jitter
	if p == Slow {
		by = 1 + b.Jitter
	}
	b.Initial, b.Max, b.Jitter = scalar.Duration(by*float64(b.Initial)), scalar.Duration(by*float64(b.Max)), 0
	return b
}
