package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"procward/escalate"
	"procward/internal/engine/lastresort"
	"procward/restart"
)

// Moment is one instant, in one boot.
type Moment = escalate.Moment

// Restore gives the machine what an earlier one has saved. It is called before the first
// Step; what is restored comes into force with the configuration that names it. What
// cannot be understood is left out, and the error says so.
//
// After another boot there is nothing left of what was tracked or under way, and every
// ladder begins at the bottom. What stays is carried by the wall clock: the attempts
// spent, given up, handed over, and what the operator has stopped or suspended. A wall
// clock that was put back makes nothing younger than it was.
//
// In observe mode nothing is restored: what was under way would go on.
func (m *Machine) Restore(s Saved, saved, now Moment) error {
	m.at, m.now = now, now.Uptime
	if m.observe {
		return nil
	}
	r := carry{from: saved, to: now}
	var bad []string
	for _, key := range sortedKeys(s) {
		v, err := decode(key, s[key])
		if err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", key, err))
			if key == keyBreaker {
				m.post(toResort{lastresort.Lost{Why: "what was kept of it cannot be read"}})
			}
			continue
		}
		m.touched[key] = true
		if ledger, is := v.(escalate.Ledger); is {
			m.post(toResort{lastresort.Opened{Ledger: ledger}})
			continue
		}
		if saved.Boot != now.Boot {
			v = r.overBoot(v)
		}
		if v != nil {
			m.restored[key] = v
		}
	}
	if v, ok := m.restored[keyOperator].(savedOperator); ok {
		m.operatorHold = v.Suspended
		m.suspended, m.untold = m.operatorHold, m.operatorHold != ""
		delete(m.restored, keyOperator)
	}
	m.deliver()
	if saved.Boot == now.Boot {
		m.paused, m.alive = m.now, saved.Uptime
	}
	if len(bad) > 0 {
		return fmt.Errorf("restore the state: %s", strings.Join(bad, "; "))
	}
	return nil
}

func decode(key string, text json.RawMessage) (v any, err error) {
	switch {
	case strings.HasPrefix(key, keyProcess):
		return decodeAs[savedProcess](text)
	case strings.HasPrefix(key, keyMonitor):
		return decodeAs[savedMonitor](text)
	case strings.HasPrefix(key, keyLadder):
		return decodeAs[savedLadder](text)
	case strings.HasPrefix(key, keyOperation):
		return decodeAs[savedOperation](text)
	case key == keyOperator:
		return decodeAs[savedOperator](text)
	case key == keyBreaker:
		return decodeAs[escalate.Ledger](text)
	}
	return nil, fmt.Errorf("it is not known what this is")
}

func decodeAs[T any](text json.RawMessage) (any, error) {
	var v T
	err := json.Unmarshal(text, &v)
	return v, err
}

// carry takes times from one boot to another, by their age.
type carry struct{ from, to Moment }

// since is how much time has passed in between, as far as the wall clock tells; never
// less than none.
func (c carry) since() time.Duration { return max(c.to.Wall.Sub(c.from.Wall), 0) }

// past carries a time that was over when it was saved. It is before this boot, perhaps,
// and so negative.
func (c carry) past(t time.Duration) time.Duration {
	return c.to.Uptime - max(c.from.Uptime-t, 0) - c.since()
}

// future carries a time that was to come; 0 is none.
func (c carry) future(t time.Duration) time.Duration {
	if t == 0 {
		return 0
	}
	return c.to.Uptime + max(t-c.from.Uptime-c.since(), 1)
}

func (c carry) pasts(ts []time.Duration) []time.Duration {
	var out []time.Duration
	for _, t := range ts {
		out = append(out, c.past(t))
	}
	return out
}

// overBoot is what is left of a value after another boot, or nil.
func (c carry) overBoot(v any) any {
	switch v := v.(type) {
	case savedProcess:
		return c.process(v)
	case savedMonitor:
		return savedMonitor{History: restart.History{Spent: c.pasts(v.History.Spent)}}
	case savedLadder:
		return c.ladder(v)
	case savedOperator:
		return v
	}
	return nil
}

func (c carry) process(p savedProcess) savedProcess {
	out := savedProcess{State: Unknown, History: restart.History{Spent: c.pasts(p.History.Spent)},
		LastCause: p.LastCause, Stopped: p.Stopped, Suspended: p.Suspended}
	switch p.State {
	case StoppedBy:
		if p.Stopped != "" {
			out.State = StoppedBy
		}
	case GaveUp, Handed, FinalState:
		out.RemindAt = c.future(p.RemindAt)
		out.State, out.History.Outage, out.History.Exhausted = p.State, p.History.Outage, p.History.Exhausted
		if p.Outage != nil {
			out.Outage = &savedOutage{Sure: true, Event: p.Outage.Event, Died: c.to.Uptime}
		}
	}
	return out
}

func (c carry) ladder(l savedLadder) savedLadder {
	out := savedLadder{Climb: escalate.Climb{}}
	for n, spent := range l.Climb.Spent {
		if out.Climb.Spent == nil {
			out.Climb.Spent = map[int][]time.Duration{}
		}
		out.Climb.Spent[n] = c.pasts(spent)
	}
	switch l.Climb.Phase {
	case escalate.GivenUp, escalate.Handed:
		out.Climb.Phase, out.Climb.Position = l.Climb.Phase, l.Climb.Position
		out.RemindAt, out.RetryAt = c.future(l.RemindAt), c.future(l.RetryAt)
	}
	return out
}
