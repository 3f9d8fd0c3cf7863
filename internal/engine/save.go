package engine

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"procward/internal/engine/saved"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
	"procward/watch"
)

// savedProcess is the durable part of a process.
type savedProcess struct {
	State     State           `json:"state"`
	Match     string          `json:"match,omitempty"` // a digest of the match that selected what is tracked
	Tracked   []savedID       `json:"tracked,omitempty"`
	History   restart.History `json:"history,omitzero"`
	Unit      string          `json:"unit,omitempty"`
	LastCause string          `json:"last_cause,omitempty"`
	LastDown  time.Duration   `json:"last_down,omitempty"`
	Stopped   string          `json:"stopped,omitempty"`   // by the operator: who
	Suspended string          `json:"suspended,omitempty"` // by the operator: who
	Remains   []savedRemains  `json:"remains,omitempty"`
	Apart     []procscan.ID   `json:"apart,omitempty"`
	Roots     int             `json:"roots,omitempty"`
	Deadline  time.Duration   `json:"deadline,omitempty"`
	RemindAt  time.Duration   `json:"remind_at,omitempty"`
	Excess    bool            `json:"excess,omitempty"`
	Endured   bool            `json:"endured,omitempty"`
	Halted    bool            `json:"halted,omitempty"` // its unit, by procward: to be started again
	Outage    *savedOutage    `json:"outage,omitempty"`
	Attempt   *savedAttempt   `json:"attempt,omitempty"`
	Hanging   *saved.Script   `json:"hanging,omitempty"` // a script of an earlier attempt that still runs
}

// savedID is what is known of a process that is tracked or dead.
type savedID struct {
	procscan.ID
	Comm    string `json:"comm,omitempty"`
	Session int    `json:"session,omitempty"`

	Traits succession.Traits `json:"traits,omitzero"`
}

// savedRemains is one that matches and does not count.
type savedRemains struct {
	procscan.ID
	Verdict succession.Verdict  `json:"verdict"`
	Killed  bool                `json:"killed,omitempty"`
	Held    []succession.Socket `json:"held,omitempty"`   // where it served when it was judged
	Shares  bool                `json:"shares,omitempty"` // LeftOver: it served where the dead one did
}

// savedOutage is what is known of losses, from the first to recovered.
type savedOutage struct {
	Sure     bool          `json:"sure,omitempty"` // a failure beyond doubt
	Died     time.Duration `json:"died,omitempty"`
	Event    string        `json:"event,omitempty"`
	Begun    time.Duration `json:"begun,omitempty"`
	Cause    watch.Cause   `json:"cause,omitzero"`
	Returned bool          `json:"returned,omitempty"`
	Dead     []savedDeath  `json:"dead,omitempty"`
	Stall    *savedStall   `json:"stall,omitempty"`
}

// savedStall is a stall that is not over.
type savedStall struct {
	Sign watch.Sign    `json:"sign"`
	IDs  []procscan.ID `json:"ids,omitempty"`
	Told bool          `json:"told,omitempty"`
}

type savedDeath struct {
	savedID
	Cause    watch.Cause   `json:"cause,omitzero"`
	At       time.Duration `json:"at,omitempty"`
	Moved    bool          `json:"moved,omitempty"`
	Expected bool          `json:"expected,omitempty"`
	Past     bool          `json:"past,omitempty"`
	Launched bool          `json:"launched,omitempty"`
}

// savedAttempt is one restart under way. It is saved before its script is started: one
// without Asked has no script yet.
type savedAttempt struct {
	Number  int           `json:"number,omitempty"`
	Asked   bool          `json:"asked,omitempty"` // the start of the script, or of the unit, was asked for
	Started bool          `json:"started,omitempty"`
	Done    bool          `json:"done,omitempty"` // the script has ended
	Lost    bool          `json:"lost,omitempty"`
	Holds   bool          `json:"holds,omitempty"`
	Until   time.Duration `json:"until,omitempty"`
	Script  *saved.Script `json:"script,omitempty"` // the one under way
}

func (m *Machine) saveProcess(p *process) savedProcess {
	out := savedProcess{
		State: p.state, Match: p.digest, History: p.history, Unit: p.unit, LastCause: p.lastCause, LastDown: p.lastDown,
		Stopped: p.stopped, Suspended: p.suspended, Deadline: p.deadline, RemindAt: p.reminds(), Excess: p.excess, Endured: p.endured, Halted: p.unitStopped || p.unitForgiven,
		Outage: p.saveOutage(), Attempt: m.saveAttempt(p), Hanging: m.saveScript(p.hanging),
	}
	if p.state == Unclear {
		out.Deadline = p.kept
	}
	for _, id := range p.tracks() {
		out.Tracked = append(out.Tracked, idOf(p.tracked[id], p.traits[id]))
	}
	out.Roots = p.roots
	out.Remains, out.Apart = p.remains.save(), sortedIDs(p.remains.apart)
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

func idOf(q procscan.Process, t succession.Traits) savedID {
	return savedID{ID: q.ID, Comm: q.Comm, Session: q.Session, Traits: t}
}

func (p *process) saveOutage() *savedOutage {
	if !p.outage && p.event == "" && len(p.dead) == 0 && !p.returned && p.stall == nil {
		return nil
	}
	out := &savedOutage{Sure: p.outage, Died: p.died, Begun: p.begun, Event: p.event, Cause: p.cause, Returned: p.returned}
	for _, d := range p.dead {
		out.Dead = append(out.Dead, savedDeath{savedID: idOf(d.Process, d.traits), Cause: d.cause, At: d.at, Moved: d.moved, Expected: d.expected, Past: d.past, Launched: d.launched})
	}
	if p.stall != nil {
		sign := p.stall.sign
		sign.Output, sign.Round = "", 0 // it may be long, and was told; rounds are not those of another daemon
		out.Stall = &savedStall{Sign: sign, IDs: sortedIDs(p.stall.ids), Told: p.stall.told}
	}
	return out
}

func (m *Machine) saveAttempt(p *process) *savedAttempt {
	a := p.attempt
	j := m.jobs[a.token]
	asked := a.started || a.scriptDone || a.token != 0 && j.script
	if a.number == 0 && !asked && p.state != Restarting {
		return nil
	}
	out := &savedAttempt{Number: a.number, Asked: asked, Started: a.started, Done: a.scriptDone, Lost: a.lost, Holds: a.holds, Until: a.until}
	if a.token != 0 && j.script {
		out.Script = m.saveScript(a.token)
	}
	return out
}

// overBoot is what is left after another boot.
func (p savedProcess) overBoot(c saved.Carry) (savedProcess, bool) {
	out := savedProcess{State: Unknown, History: restart.History{Spent: c.Pasts(p.History.Spent)},
		LastCause: p.LastCause, Stopped: p.Stopped, Suspended: p.Suspended}
	switch p.State {
	case StoppedBy:
		if p.Stopped != "" {
			out.State = StoppedBy
		}
	case GaveUp, Handed, FinalState:
		out.RemindAt = c.Future(p.RemindAt)
		out.State, out.History.Outage, out.History.Exhausted = p.State, p.History.Outage, p.History.Exhausted
		if p.Outage != nil {
			out.Outage = &savedOutage{Sure: true, Event: p.Outage.Event, Died: c.To.Uptime}
		}
	}
	return out, true
}

// digest tells one match from another.
func digest(match procscan.Match) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%+v", match)
	return fmt.Sprintf("%016x", h.Sum64())
}
