package host

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"procward/internal/engine"
	"procward/procscan"
)

// drainEvery prevents the reports of the kernel for the scanner from piling up until some
// are lost, which would make the next look a slow one. It costs a wake-up.
const drainEvery = 2 * time.Minute

// lookout carries out the looks, one after the other.
func (h *Host) lookout(ctx context.Context) {
	matchers := map[procscan.Match]*procscan.Matcher{}
	h.Scanner.OnExec(h.memoir.moved)
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
			h.Loop.Send(ctx, looked)
		}
	}
}

// lookNow asks systemd about the units of what is missing, and then reads /proc. In the
// other order a unit that the operator restarts could be missing in the one and running
// in the other.
func (h *Host) lookNow(ctx context.Context, l engine.Look, matchers map[procscan.Match]*procscan.Matcher) engine.Looked {
	out := engine.Looked{Token: l.Token, Found: make(map[string]engine.Finding, len(l.Of))}
	ending := h.askHost(ctx, l)
	units := h.askUnits(ctx, l)
	var names []string
	var wanted []*procscan.Matcher
	for _, name := range slices.Sorted(maps.Keys(l.Of)) {
		m, err := compiled(matchers, l.Of[name].Match)
		if err != nil {
			out.Found[name] = engine.Finding{Err: err}
			continue
		}
		names, wanted = append(names, name), append(wanted, m)
	}
	selections, err := h.Scanner.Look(ctx, wanted)
	for i, name := range names {
		f := engine.Finding{Err: err}
		if err == nil {
			f = engine.Finding{Selection: selections[i], Err: selections[i].Err, Supervisors: supervisorsOf(selections[i], map[int]bool{})}
		}
		f.Unit, f.Unasked = units[name].unit, units[name].unasked
		out.Found[name] = f
	}
	h.memoir.evidence(l, out.Found)
	h.memoir.first(l, out.Found)
	h.meet(ctx, out.Found)
	if why := <-ending; why != "" {
		h.Loop.Send(ctx, engine.Suspend{Why: why, HostEnds: true})
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

// supervisorsOf is the parents of selected processes that restart them as well, by PID.
func supervisorsOf(sel procscan.Selection, asked map[int]bool) map[int]procscan.Supervisor {
	var out map[int]procscan.Supervisor
	for _, q := range sel.Selected {
		if q.PPID <= 1 || asked[q.PPID] {
			continue
		}
		asked[q.PPID] = true
		if s, is := procscan.SupervisorAt(q.PPID); is {
			if out == nil {
				out = map[int]procscan.Supervisor{}
			}
			out[q.PPID] = s
		}
	}
	return out
}
