package rehearse

import (
	"slices"
	"time"

	"procward/internal/engine"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/procscan/traits"
	"procward/restart"
	"procward/watch"
)

// Cause is how a process ended.
type Cause = watch.Cause

// Causes that stories are full of.
var (
	Terminated = Cause{Known: true, Signal: 15}
	Crashed    = Cause{Known: true, Code: 1}
	Finished   = Cause{Known: true}
)

func died(id procscan.ID, at time.Duration, c Cause) engine.Died {
	return engine.Died{Events: []watch.Event{{ID: id, At: at, Cause: c}}}
}

// table is the made-up process table, and how looks at it go.
type table struct {
	Procs   map[procscan.ID]*Process
	Tracked map[procscan.ID]bool // whose end the machine is told
	byName  map[string][]procscan.ID
	byPID   map[int]procscan.ID
	nextPID int

	LookErr     error
	LookTakes   time.Duration
	Doubt       map[string][]procscan.Unreadable
	Supervisors map[int]procscan.Supervisor // that the looks find
	// Matches says which entry's processes a match finds that an entry has; nil: its own.
	Matches func(name string, m procscan.Match) string

	Killed        func(procscan.ID) restart.Outcome // what becomes of who is killed; nil: it ends by the signal
	KillTakes     func(engine.Kill) time.Duration
	KillToldFirst bool // before the exits of those killed
	Victims       []procscan.ID
}

func newTable() table {
	return table{Procs: map[procscan.ID]*Process{}, Tracked: map[procscan.ID]bool{}, Doubt: map[string][]procscan.Unreadable{},
		byName: map[string][]procscan.ID{}, byPID: map[int]procscan.ID{}, nextPID: 100, LookTakes: time.Millisecond}
}

// Process is one process of the table.
type Process struct {
	procscan.Process
	Name string // the entry that it belongs to

	Serves []succession.Socket
	Layout uint64 // its own, or that of the one it was forked from; 0: not known
	Pale   bool   // its traits cannot be read
}

// traits is what can be read of it.
func (p *Process) traits(now time.Duration) succession.Traits {
	t := succession.Traits{Comm: p.Comm, Session: p.Session, Serves: p.Serves, Whole: true, At: now}
	t.Layout = succession.Layout{Code: p.Layout << 12, Stack: p.Layout << 20, Brk: p.Layout << 16}
	return t
}

// IDs is the processes of an entry, in the order in which they came.
func (t *table) IDs(name string) []procscan.ID { return slices.Clone(t.byName[name]) }

// tick is the unit of a start time.
const tick = 10 * time.Millisecond

func (t *table) add(name string, uptime time.Duration, change func(*Process)) procscan.ID {
	t.nextPID++
	p := &Process{Name: name, Layout: uint64(t.nextPID)}
	p.ID = procscan.ID{PID: t.nextPID, Start: uint64(uptime / tick)}
	p.Comm, p.State, p.PPID, p.Session, p.Threads = name, 'S', 1, t.nextPID, 1
	change(p)
	if up := t.parent(p); up != nil && up.Name == name { // forked
		p.Layout, p.Serves = up.Layout, up.Serves
	}
	t.Procs[p.ID], t.byPID[p.PID] = p, p.ID
	t.byName[name] = append(t.byName[name], p.ID)
	return p.ID
}

// bury takes a process out of the table; its children are the init process's then.
func (t *table) bury(id procscan.ID) {
	name := t.Procs[id].Name
	delete(t.Procs, id)
	delete(t.byPID, id.PID)
	t.byName[name] = slices.DeleteFunc(t.byName[name], func(other procscan.ID) bool { return other == id })
	for _, child := range t.Procs {
		if child.PPID == id.PID {
			child.PPID = 1
		}
	}
}

// clear ends everything, as a reboot does; nobody is told.
func (t *table) clear() {
	clear(t.Procs)
	clear(t.byPID)
	clear(t.byName)
}

func (t *table) parent(p *Process) *Process { return t.Procs[t.byPID[p.PPID]] }

func (t *table) parentOf(p *Process) succession.Parent {
	if up := t.parent(p); up != nil {
		return succession.Parent{Process: up.Process, Layout: up.traits(0).Layout}
	}
	return succession.Parent{}
}

// find is what a look finds.
func (w *World) find(l engine.Look) map[string]engine.Finding {
	out := map[string]engine.Finding{}
	for name, want := range l.Of {
		out[name] = w.findOne(name, want)
	}
	return out
}

func (w *World) findOne(name string, want engine.LookFor) engine.Finding {
	whose := name
	if w.Matches != nil {
		whose = w.Matches(name, want.Match)
	}
	f := engine.Finding{Err: w.LookErr, Supervisors: w.Supervisors}
	if want.Missing {
		f.Unit = w.unitOf(name)
	}
	for _, id := range w.byName[whose] {
		p := w.Procs[id]
		f.Selection.Matching = append(f.Selection.Matching, p.Process)
		if up := w.parent(p); want.Match.Select == procscan.All || up == nil || up.Name != whose {
			f.Selection.Selected = append(f.Selection.Selected, p.Process)
		}
		if !p.Pale && readToo(want, id) {
			if f.Traits == nil {
				f.Traits = map[procscan.ID]traits.Got{}
			}
			f.Traits[id] = w.got(p)
		}
	}
	for _, id := range want.Kept {
		if w.Procs[id] == nil {
			f.Gone = append(f.Gone, id)
		}
	}
	if want.Judged {
		f.Holders = w.holders(whose, want)
	}
	f.Selection.Unreadable = w.Doubt[name]
	return f
}

// readToo reports whether the traits of what matches are read in a look.
func readToo(want engine.LookFor, id procscan.ID) bool {
	return want.Counted || want.First || want.Judged && (!want.Known[id] || want.Beside[id]) || slices.Contains(want.Kept, id)
}

// holders is what does not match, and has a socket of the dead open.
func (w *World) holders(whose string, want engine.LookFor) (out []traits.Holder) {
	if len(want.Places) == 0 {
		return nil
	}
	for _, p := range w.Procs {
		holds := func(at succession.Socket) bool { return at.Inode != 0 && slices.Contains(want.Places, at) }
		if p.Name != whose && slices.ContainsFunc(p.Serves, holds) {
			out = append(out, traits.Holder{Process: p.Process, Got: w.got(p)})
		}
	}
	return out
}

func (w *World) got(p *Process) traits.Got {
	return traits.Got{Traits: p.traits(w.Uptime()), Parent: w.parentOf(p)}
}
