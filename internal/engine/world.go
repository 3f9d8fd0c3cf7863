package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"procward/internal/script"
	"procward/internal/systemd"
	"procward/procscan"
	"procward/watch"
)

// Host is the real world: /proc, the exit tracker, scripts and systemd.
type Host struct {
	FS      *procscan.FS
	Scanner *procscan.Scanner
	Tracker *watch.Tracker
	Scripts *script.Runner
	Systemd *systemd.Link // nil where there is no systemd
	OwnUnit string        // the daemon's own unit: what scripts start is in it too, so it is not asked about
	Engine  *Engine

	ctx   context.Context
	looks chan Look
	met   map[string]bool // units that systemd was asked about; the lookout's alone
	mu    sync.Mutex
	files uint64       // pidfds there is room for, or not to be asked again
	held  map[int]bool // tokens whose script must not be killed by its timeout
}

// pollEvery is how late a polled exit is seen at most: the tracker's interval, and a
// little for its work.
const pollEvery = 1500 * time.Millisecond

// Start begins to serve effects until ctx is done. Scripts that run then are left alone.
func (h *Host) Start(ctx context.Context) {
	h.ctx, h.looks, h.held, h.met = ctx, make(chan Look, 1), map[int]bool{}, map[string]bool{}
	go h.lookout(ctx)
	go h.track(ctx)
}

// track brings the exits. It ends with ctx.
func (h *Host) track(ctx context.Context) {
	if h.Tracker.Mode() != "pidfd" {
		h.Engine.Send(ctx, Polling{Every: pollEvery})
	}
	err := h.Tracker.Run(ctx, func(events []watch.Event) { h.Engine.Send(ctx, Died{Events: events}) })
	if err != nil && ctx.Err() == nil {
		h.Engine.Send(ctx, Suspend{Why: "the exit tracker failed: " + err.Error()})
	}
}

// Do begins an effect.
func (h *Host) Do(e Effect) {
	switch e := e.(type) {
	case Track:
		h.room()
		if err := h.Tracker.Track(e.ID); err != nil {
			go h.Engine.Send(h.ctx, TrackFailed{ID: e.ID, At: procscan.Boottime()})
		}
	case Untrack:
		h.Tracker.Untrack(e.ID)
	case Look:
		h.looks <- e // room for one, and the machine asks for one at a time
	case Hold:
		h.mu.Lock()
		h.held[e.Token] = true
		h.mu.Unlock()
	case Run:
		go h.run(e)
	case RestartUnit:
		go h.restartUnit(e)
	case Kill:
		go func() {
			h.Engine.Send(h.ctx, KillEnded{Token: e.Token, Ended: e.How.End(h.ctx, h.FS, e.IDs)})
		}()
	}
}

// room raises the limit on descriptors before it is reached. Where that is refused the
// tracker polls the rest, and says so.
func (h *Host) room() {
	need := uint64(h.Tracker.Stats().Tracked) + 1
	if need <= h.files {
		return
	}
	got, err := watch.RaiseFiles(2 * need)
	if h.files = got; err != nil {
		h.files = math.MaxUint64
	}
}

func (h *Host) run(e Run) {
	e.Job.Hold = func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.held[e.Token]
	}
	result := h.Scripts.Run(h.ctx, e.Job, func(_ int, at time.Duration) {
		h.Engine.Send(h.ctx, ScriptStarted{Token: e.Token, At: at})
	})
	h.mu.Lock()
	delete(h.held, e.Token)
	h.mu.Unlock()
	h.Engine.Send(h.ctx, ScriptEnded{Token: e.Token, Result: result})
}

func (h *Host) restartUnit(e RestartUnit) {
	if h.Systemd == nil {
		h.Engine.Send(h.ctx, UnitRestarted{Token: e.Token, Err: errors.New("there is no systemd on this host: use run")})
		return
	}
	h.Engine.Send(h.ctx, ScriptStarted{Token: e.Token, At: procscan.Boottime()})
	ctx, cancel := context.WithTimeout(h.ctx, e.Spec.Timeout.D())
	defer cancel()
	err := h.Systemd.Restart(ctx, e.Unit)
	h.Engine.Send(h.ctx, UnitRestarted{Token: e.Token, Err: err, Conflict: errors.Is(err, systemd.ErrConflict)})
}

// drainEvery keeps what the kernel tells the scanner of from piling up until it is lost,
// which would make the next look a slow one. It costs a wake-up.
const drainEvery = 2 * time.Minute

// lookout serves the looks, one after the other.
func (h *Host) lookout(ctx context.Context) {
	matchers := map[procscan.Match]*procscan.Matcher{}
	drain := time.NewTicker(drainEvery)
	defer drain.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-drain.C:
			h.Scanner.Drain()
		case l := <-h.looks:
			h.Engine.Send(ctx, h.lookNow(ctx, l, matchers))
		}
	}
}

func (h *Host) lookNow(ctx context.Context, l Look, matchers map[procscan.Match]*procscan.Matcher) Looked {
	out := Looked{Token: l.Token, Found: make(map[string]Finding, len(l.Of))}
	asked := h.ask(ctx, l)
	names := sortedKeys(l.Of)
	wanted := make([]*procscan.Matcher, 0, len(names))
	var found []string
	for _, name := range names {
		match := l.Of[name].Match
		if matchers[match] == nil {
			compiled, err := match.Compile()
			if err != nil {
				out.Found[name] = Finding{Err: fmt.Errorf("cannot use the match: %w", err)}
				continue
			}
			matchers[match] = compiled
		}
		wanted, found = append(wanted, matchers[match]), append(found, name)
	}
	selections, err := h.Scanner.Look(ctx, wanted)
	for i, name := range found {
		f := Finding{Err: err}
		if err == nil {
			f.Selection, f.Err = selections[i], selections[i].Err
		}
		out.Found[name] = f
	}
	h.meet(ctx, out.Found)
	h.answers(ctx, out.Found, asked)
	return out
}

// meet asks systemd once about each unit that a found process belongs to: from then on
// the link remembers the unit's jobs, and knows a stop on request also of a unit that
// systemd forgets as soon as it is inactive.
func (h *Host) meet(ctx context.Context, found map[string]Finding) {
	if h.Systemd == nil {
		return
	}
	var news []string
	for _, f := range found {
		for _, p := range f.Selection.Selected {
			if u := systemd.UnitOf(p.Unit); u != "" && u != h.OwnUnit && !h.met[u] {
				h.met[u] = true
				news = append(news, u)
			}
		}
	}
	go func() {
		for _, u := range news {
			asking, cancel := context.WithTimeout(ctx, askTime)
			_, _ = h.Systemd.Unit(asking, u) // it is remembered even if the answer does not come
			cancel()
		}
	}()
}

// askTime bounds what systemd may take to answer.
const askTime = 5 * time.Second

// answer is what systemd said of one unit, or why it said nothing.
type answer struct {
	name     string // of the process
	unit     Unit
	stopping bool // the whole host is being shut down
	err      error
}

// ask asks systemd, while /proc is being read, about the units of what is missing and
// whether the host is being shut down. It returns nil where there is nothing to ask.
func (h *Host) ask(ctx context.Context, l Look) <-chan answer {
	if h.Systemd == nil {
		return nil
	}
	var units []string
	missing := false
	for _, name := range sortedKeys(l.Of) {
		missing = missing || l.Of[name].Missing
		if u := l.Of[name].Unit; u != "" && u != h.OwnUnit {
			units = append(units, name)
		}
	}
	if !missing {
		return nil
	}
	answers := make(chan answer, len(units)+1)
	go func() {
		defer close(answers)
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		state, err := h.Systemd.Host(ctx)
		answers <- answer{stopping: err == nil && state.Stopping()}
		for _, name := range units {
			u, err := h.Systemd.Unit(ctx, l.Of[name].Unit)
			answers <- answer{name: name, unit: Unit{Name: u.Name, Hands: hands(u), MainPID: u.MainPID}, err: err}
		}
	}()
	return answers
}

// answers puts what systemd said beside what was found. A unit that could not be asked
// about leaves the process in doubt.
func (h *Host) answers(ctx context.Context, found map[string]Finding, answers <-chan answer) {
	if answers == nil {
		return
	}
	for a := range answers {
		if a.stopping {
			h.Engine.Send(ctx, Suspend{Why: "the host is being shut down"})
		}
		if f, ok := found[a.name]; ok {
			f.Unit = a.unit
			if a.err != nil && f.Err == nil {
				f.Err = fmt.Errorf("cannot ask systemd about the unit: %w", a.err)
			}
			found[a.name] = f
		}
	}
}

// hands says why a unit is in systemd's or the operator's hands, or nothing.
func hands(u systemd.Unit) string {
	switch {
	case u.JobType != "":
		return "systemd has a " + u.JobType + " job for it"
	case u.ActiveState == "activating" && u.SubState == "auto-restart":
		return "systemd is about to restart it by its own Restart= setting"
	case u.Requested:
		return "stopped on request"
	}
	return ""
}
