package life

import (
	"slices"
	"time"

	"procward/internal/engine/saved"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
	"procward/watch"
)

// Saved is the durable part of a Life.
type Saved struct {
	State     State           `json:"state"`
	Match     string          `json:"match,omitempty"` // a digest of the match that selected what is tracked
	Tracked   []ID            `json:"tracked,omitempty"`
	History   restart.History `json:"history,omitzero"`
	Unit      string          `json:"unit,omitempty"`
	LastCause string          `json:"last_cause,omitempty"`
	LastDown  time.Duration   `json:"last_down,omitempty"`
	Stopped   string          `json:"stopped,omitempty"`   // by the operator: who
	Suspended string          `json:"suspended,omitempty"` // by the operator: who
	Remains   []Remains       `json:"remains,omitempty"`
	Apart     []procscan.ID   `json:"apart,omitempty"`
	Roots     int             `json:"roots,omitempty"`
	Deadline  time.Duration   `json:"deadline,omitempty"`
	RemindAt  time.Duration   `json:"remind_at,omitempty"`
	Excess    bool            `json:"excess,omitempty"`
	Endured   bool            `json:"endured,omitempty"`
	Halted    bool            `json:"halted,omitempty"` // its unit, by procward: to be started again
	Outage    *Outage         `json:"outage,omitempty"`
	Attempt   *Attempt        `json:"attempt,omitempty"`
	Hanging   *saved.Script   `json:"hanging,omitempty"` // a script of an earlier attempt that still runs
}

// ID is what is known of a process that is tracked or dead.
type ID struct {
	procscan.ID
	Comm    string `json:"comm,omitempty"`
	Session int    `json:"session,omitempty"`

	Traits succession.Traits `json:"traits,omitzero"`
}

// Remains is one that matches and does not count.
type Remains struct {
	procscan.ID
	Verdict succession.Verdict  `json:"verdict"`
	Killed  bool                `json:"killed,omitempty"`
	Held    []succession.Socket `json:"held,omitempty"`   // where it served when it was judged
	Shares  bool                `json:"shares,omitempty"` // LeftOver: it served where the dead one did
}

// Outage is what is known of losses, from the first one to recovered.
type Outage struct {
	Sure     bool          `json:"sure,omitempty"` // a failure without doubt
	Died     time.Duration `json:"died,omitempty"`
	Event    string        `json:"event,omitempty"`
	Begun    time.Duration `json:"begun,omitempty"`
	Cause    watch.Cause   `json:"cause,omitzero"`
	Returned bool          `json:"returned,omitempty"`
	Dead     []Death       `json:"dead,omitempty"`
	Stall    *Stall        `json:"stall,omitempty"`
}

// Stall is a stall that is not over.
type Stall struct {
	Sign watch.SignChange `json:"sign"`
	IDs  []procscan.ID    `json:"ids,omitempty"`
	Told bool             `json:"told,omitempty"`
}

// Death is one of the dead.
type Death struct {
	ID
	Cause    watch.Cause   `json:"cause,omitzero"`
	At       time.Duration `json:"at,omitempty"`
	Moved    bool          `json:"moved,omitempty"`
	Expected bool          `json:"expected,omitempty"`
	Past     bool          `json:"past,omitempty"`
	Launched bool          `json:"launched,omitempty"`
}

// Attempt is one restart in progress. It is saved before its script is started: an
// attempt without Asked has no script yet.
type Attempt struct {
	Number  int           `json:"number,omitempty"`
	Asked   bool          `json:"asked,omitempty"` // the start of the script, or of the unit, was asked for
	Started bool          `json:"started,omitempty"`
	Done    bool          `json:"done,omitempty"` // the script has ended
	Lost    bool          `json:"lost,omitempty"`
	Holds   bool          `json:"holds,omitempty"`
	Until   time.Duration `json:"until,omitempty"`
	Script  *saved.Script `json:"script,omitempty"` // the one under way
}

// Save is the durable part; script returns the script that a token belongs to, or nil.
func (l *Life) Save(script func(token int) *saved.Script) Saved {
	out := Saved{
		State: l.State(), Match: l.digest, History: l.History, Unit: l.unit.name, LastCause: l.lastCause, LastDown: l.lastDown,
		Stopped: l.stopped, Suspended: l.suspended, Deadline: l.due(), RemindAt: l.reminds(), Excess: l.surplus.told, Endured: l.surplus.endured,
		Halted: l.unit.stopped || l.unit.forgiven, Outage: l.outage.saved(l.stall), Attempt: l.attempt().saved(l.State() == Restarting, script), Hanging: script(l.hanging),
	}
	if u, is := l.at.(*unclear); is {
		if w, is := u.of.(*waiting); is {
			out.Deadline = w.due
		}
	}
	for _, id := range l.Tracks() {
		out.Tracked = append(out.Tracked, idOf(l.tracked[id], l.traits[id]))
	}
	out.Roots = l.roots
	out.Remains, out.Apart = l.remains.saved(), sortedIDs(l.remains.apart)
	return out
}

func sortedIDs(of map[procscan.ID]bool) []procscan.ID {
	var out []procscan.ID
	for id := range of {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b procscan.ID) int { return a.PID - b.PID })
	return out
}

func idOf(q procscan.Process, t succession.Traits) ID {
	return ID{ID: q.ID, Comm: q.Comm, Session: q.Session, Traits: t}
}

func (s ID) process() procscan.Process {
	return procscan.Process{ID: s.ID, Comm: s.Comm, Session: s.Session}
}

func (l *outage) saved(stall *stalled) *Outage {
	if !l.sure && l.event == "" && len(l.dead) == 0 && !l.returned && stall == nil {
		return nil
	}
	out := &Outage{Sure: l.sure, Died: l.died, Begun: l.begun, Event: l.event, Cause: l.cause, Returned: l.returned}
	for _, d := range l.dead {
		out.Dead = append(out.Dead, Death{ID: idOf(d.Process, d.traits), Cause: d.cause, At: d.at, Moved: d.moved, Expected: d.expected, Past: d.past, Launched: d.launched})
	}
	if stall != nil {
		sign := stall.sign
		sign.Output, sign.Round = "", 0 // it may be long, and was told; rounds are not those of another daemon
		out.Stall = &Stall{Sign: sign, IDs: sortedIDs(stall.ids), Told: stall.told}
	}
	return out
}

func (a *attempt) saved(restarting bool, script func(token int) *saved.Script) *Attempt {
	runs := a.token != 0 && a.script
	asked := a.started || a.scriptDone || runs
	if a.number == 0 && !asked && !restarting {
		return nil
	}
	out := &Attempt{Number: a.number, Asked: asked, Started: a.started, Done: a.scriptDone, Lost: a.lost, Holds: a.holds, Until: a.until}
	if runs {
		out.Script = script(a.token)
	}
	return out
}

// OverBoot is what is left after another boot.
func (p Saved) OverBoot(c saved.Carry) (Saved, bool) {
	out := Saved{State: Unknown, History: restart.History{Spent: c.Pasts(p.History.Spent)},
		LastCause: p.LastCause, Stopped: p.Stopped, Suspended: p.Suspended}
	switch p.State {
	case Stopped:
		if p.Stopped != "" {
			out.State = Stopped
		}
	case GaveUp, Handed, Final:
		out.RemindAt = c.Future(p.RemindAt)
		out.State, out.History.Outage, out.History.Exhausted = p.State, p.History.Outage, p.History.Exhausted
		if p.Outage != nil {
			out.Outage = &Outage{Sure: true, Event: p.Outage.Event, Died: c.To.Uptime}
		}
	}
	return out, true
}
