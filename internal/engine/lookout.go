package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"procward/internal/message"
	"procward/internal/systemd"
	"procward/procscan"
)

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
			h.looking.Store(int64(procscan.Boottime()))
			looked := h.lookNow(ctx, l, matchers)
			h.looking.Store(0)
			h.Engine.Send(ctx, looked)
		}
	}
}

// lookNow asks systemd about the units of what is missing, and then reads /proc. In the
// other order a unit that the operator restarts could be missing from the one and
// running in the other.
func (h *Host) lookNow(ctx context.Context, l Look, matchers map[procscan.Match]*procscan.Matcher) Looked {
	out := Looked{Token: l.Token, Found: make(map[string]Finding, len(l.Of))}
	stopping := h.askHost(ctx, l)
	units := h.askUnits(ctx, l)
	var names []string
	var wanted []*procscan.Matcher
	for _, name := range sortedKeys(l.Of) {
		m, err := compiled(matchers, l.Of[name].Match)
		if err != nil {
			out.Found[name] = Finding{Err: err}
			continue
		}
		names, wanted = append(names, name), append(wanted, m)
	}
	selections, err := h.Scanner.Look(ctx, wanted)
	for i, name := range names {
		f := Finding{Err: err}
		if err == nil {
			f = Finding{Selection: selections[i], Err: selections[i].Err}
		}
		if a := units[name]; f.Err == nil {
			f.Unit, f.Err = a.unit, a.err
		}
		out.Found[name] = f
	}
	h.meet(ctx, out.Found)
	if <-stopping {
		h.Engine.Send(ctx, Suspend{Why: "the host is being shut down"})
	}
	return out
}

func compiled(matchers map[procscan.Match]*procscan.Matcher, match procscan.Match) (*procscan.Matcher, error) {
	if m := matchers[match]; m != nil {
		return m, nil
	}
	m, err := match.Compile()
	if err != nil {
		return nil, fmt.Errorf("cannot use the match: %w", err)
	}
	matchers[match] = m
	return m, nil
}

// askTime bounds what systemd may take to answer one question, and askAtOnce how many
// are asked at a time.
const (
	askTime   = time.Second
	askAtOnce = 8
)

// askHost asks, where something is missing, whether the host is being shut down.
func (h *Host) askHost(ctx context.Context, l Look) <-chan bool {
	answer := make(chan bool, 1)
	missing := false
	for _, want := range l.Of {
		missing = missing || want.Missing
	}
	if h.Systemd == nil || !missing {
		answer <- false
		return answer
	}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		state, err := h.Systemd.Host(ctx)
		answer <- err == nil && state.Stopping()
	}()
	return answer
}

// answer is what systemd said of one unit, or why it said nothing: that leaves the
// process in doubt.
type answer struct {
	unit Unit
	err  error
}

// askUnits asks about the units of what is missing, by the names of the processes.
func (h *Host) askUnits(ctx context.Context, l Look) map[string]answer {
	answers := map[string]answer{}
	if h.Systemd == nil {
		return answers
	}
	var mu sync.Mutex
	var asking sync.WaitGroup
	slots := make(chan struct{}, askAtOnce)
	for name, want := range l.Of {
		if want.Unit == "" || want.Unit == h.OwnUnit {
			continue
		}
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			a := h.askUnit(ctx, want.Unit)
			mu.Lock()
			defer mu.Unlock()
			answers[name] = a
		})
	}
	asking.Wait()
	return answers
}

func (h *Host) askUnit(ctx context.Context, unit string) answer {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	u, err := h.Systemd.Unit(ctx, unit)
	if h.silent(err) {
		return answer{}
	}
	if err != nil {
		return answer{err: fmt.Errorf("cannot ask systemd about the unit: %w", err)}
	}
	a := answer{unit: Unit{Name: u.Name, Hands: hands(u), MainPID: u.MainPID}}
	if main, err := h.FS.Read(u.MainPID); u.MainPID > 0 && err == nil {
		a.unit.MainStarted = main.Started()
	}
	return a
}

// systemdSilence is how long systemd may leave questions about units without an answer, so that
// processes are in doubt. A systemd that has crashed or hangs must not keep everything from
// being restarted for ever: it does nothing on request any more either.
const systemdSilence = time.Minute

// silent takes the outcome of a question, and says that none was answered for so long.
func (h *Host) silent(err error) bool {
	if err == nil {
		h.unanswered.Store(0)
		h.toldOfIt.Store(false)
		return false
	}
	now := int64(procscan.Boottime())
	if h.unanswered.CompareAndSwap(0, now) || now-h.unanswered.Load() < int64(systemdSilence) {
		return false
	}
	if h.toldOfIt.Swap(true) {
		return true
	}
	h.Engine.log.Send(message.Message{Kind: message.Fallback, Time: time.Now(),
		Detail: fmt.Sprintf("systemd has not answered for %v (%v): a unit that it was asked to stop or restart cannot be told from one that has failed", systemdSilence, err)})
	return true
}

// hands says why a unit is in systemd's or the operator's hands, or nothing.
func hands(u systemd.Unit) string {
	switch {
	case u.ActiveState == "activating" && u.SubState == "auto-restart":
		return "systemd is about to restart it by its own Restart= setting"
	case u.Requested && u.JobType != "":
		return "systemd has a " + u.JobType + " job for it"
	case u.Requested:
		return stoppedOnRequest
	}
	return ""
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
			h.askUnit(ctx, u) // remembered even if the answer does not come
		}
	}()
}
