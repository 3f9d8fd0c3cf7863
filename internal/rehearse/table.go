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
	core    *core
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

func newTable(c *core) table {
	return table{core: c, Procs: map[procscan.ID]*Process{}, Tracked: map[procscan.ID]bool{}, Doubt: map[string][]procscan.Unreadable{},
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

// SpawnAs adds a process of the named entry, changed before it is there.
func (t *table) SpawnAs(name string, change func(*Process)) procscan.ID {
	t.nextPID++
	p := &Process{Name: name, Layout: uint64(t.nextPID)}
	p.ID = procscan.ID{PID: t.nextPID, Start: uint64(t.core.Uptime() / tick)}
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

// find is what a look finds of one entry, but for its unit.
func (t *table) find(name string, want engine.LookFor) engine.Finding {
	whose := name
	if t.Matches != nil {
		whose = t.Matches(name, want.Match)
	}
	f := engine.Finding{Err: t.LookErr, Supervisors: t.Supervisors}
	for _, id := range t.byName[whose] {
		p := t.Procs[id]
		f.Selection.Matching = append(f.Selection.Matching, p.Process)
		if up := t.parent(p); want.Match.Select == procscan.All || up == nil || up.Name != whose {
			f.Selection.Selected = append(f.Selection.Selected, p.Process)
		}
		if !p.Pale && readToo(want, id) {
			if f.Traits == nil {
				f.Traits = map[procscan.ID]traits.Got{}
			}
			f.Traits[id] = t.got(p)
		}
	}
	for _, id := range want.Kept {
		if t.Procs[id] == nil {
			f.Gone = append(f.Gone, id)
		}
	}
	if want.Judged {
		f.Holders = t.holders(whose, want)
	}
	f.Selection.Unreadable = t.Doubt[name]
	return f
}

// readToo reports whether the traits of what matches are read in a look.
func readToo(want engine.LookFor, id procscan.ID) bool {
	return want.Counted || want.First || want.Judged && (!want.Known[id] || want.Beside[id]) || slices.Contains(want.Kept, id)
}

// holders is what does not match, and has a socket of the dead open.
func (t *table) holders(whose string, want engine.LookFor) (out []traits.Holder) {
	if len(want.Places) == 0 {
		return nil
	}
	for _, p := range t.Procs {
		holds := func(at succession.Socket) bool { return at.Inode != 0 && slices.Contains(want.Places, at) }
		if p.Name != whose && slices.ContainsFunc(p.Serves, holds) {
			out = append(out, traits.Holder{Process: p.Process, Got: t.got(p)})
		}
	}
	return out
}

func (t *table) got(p *Process) traits.Got {
	return traits.Got{Traits: p.traits(t.core.Uptime()), Parent: t.parentOf(p)}
}

func (t *table) track(e engine.Track) {
	p := t.Procs[e.ID]
	if p == nil {
		t.core.Later(0, engine.TrackFailed{ID: e.ID, At: t.core.Uptime()})
		return
	}
	t.Tracked[e.ID] = true
	if !p.Pale {
		t.core.Later(0, engine.Remembered{Of: map[procscan.ID]succession.Traits{e.ID: p.traits(t.core.Uptime())}})
	}
}

func (t *table) kill(e engine.Kill) {
	t.Victims = append(t.Victims, e.IDs...)
	takes := killTakes
	if t.KillTakes != nil {
		takes = t.KillTakes(e)
	}
	t.core.alive(takes, func() {
		var ended []restart.Ended
		for _, id := range e.IDs {
			ended = append(ended, restart.Ended{ID: id, Outcome: t.killed(id)})
		}
		if t.KillToldFirst {
			t.core.Step(engine.KillEnded{Token: e.Token, Ended: ended})
			return
		}
		t.core.Later(0, engine.KillEnded{Token: e.Token, Ended: ended})
	})
}

func (t *table) killed(id procscan.ID) restart.Outcome {
	if t.Procs[id] == nil {
		return restart.Gone
	}
	out := restart.BySignal
	if t.Killed != nil {
		out = t.Killed(id)
	}
	if out != restart.Unkillable && out != restart.Refused {
		t.Die(id, Terminated)
	}
	return out
}

// Die ends a process; the machine is told of it at once.
func (t *table) Die(id procscan.ID, c Cause) {
	if t.Procs[id] == nil {
		return
	}
	if t.bury(id); t.Tracked[id] {
		delete(t.Tracked, id)
		t.core.Later(0, died(id, t.core.Uptime(), c))
	}
}

// DieAll ends all processes of an entry.
func (t *table) DieAll(name string, c Cause) {
	for _, id := range t.IDs(name) {
		t.Die(id, c)
	}
}

// Spawn adds a process of the named entry.
func (t *table) Spawn(name string) procscan.ID { return t.SpawnAs(name, func(*Process) {}) }

// killTakes is how long the world needs to end processes or a script, where nothing else is said.
const killTakes = time.Millisecond
