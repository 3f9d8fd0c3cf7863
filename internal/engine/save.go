package engine

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/operation"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
	"procward/watch"
)

// Saved is what must outlive the daemon, by key: "process NAME", "monitor NAME", "ladder KEY",
// "operation KEY", "operator" and "breaker". The configuration is no part of it. Times in it are
// CLOCK_BOOTTIME of the boot in which it was saved.
type Saved map[string]json.RawMessage

// The beginnings of the keys.
const (
	keyProcess   = "process "
	keyMonitor   = "monitor "
	keyLadder    = "ladder "
	keyOperation = "operation "
	keyOperator  = "operator"
	keyBreaker   = "breaker"
)

// durable is what the machine knows of what is saved of it.
type durable struct {
	hostHold, operatorHold string             // why it is suspended
	configHold             string             // likewise: a reload says observe; not saved
	restored               map[string]any     // what was saved and nobody has claimed yet, by key
	untold                 bool               // that it is suspended
	claimed                []string           // the processes that were given what was saved of them
	orders                 []*operation.Order // by the operator, oldest first
	ordered                int                // how many there were
	alive                  time.Duration      // when the state was saved that was restored, if in this boot
	touched                map[string]bool    // keys of what may have changed since changes
}

func newDurable() durable {
	return durable{restored: map[string]any{}, touched: map[string]bool{}}
}

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
	Hanging   *savedScript    `json:"hanging,omitempty"` // a script of an earlier attempt that still runs
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
	Script  *savedScript  `json:"script,omitempty"` // the one under way
}

// savedScript is a script under way.
type savedScript struct {
	ID    procscan.ID   `json:"id,omitzero"`     // as soon as it is known
	Path  string        `json:"path,omitempty"`  // empty: the restart of a unit
	Asked time.Duration `json:"asked"`           // when its start was asked for
	Until time.Duration `json:"until,omitempty"` // when its timeout is over
}

// savedLadder is one ladder.
type savedLadder struct {
	Climb    escalate.Climb `json:"climb,omitzero"`
	RemindAt time.Duration  `json:"remind_at,omitempty"`
	RetryAt  time.Duration  `json:"retry_at,omitempty"`
	Hook     *savedScript   `json:"hook,omitempty"` // the one under way
}

// savedOperation is an operation on a group, or on one process, under way.
type savedOperation struct {
	Group     string       `json:"group,omitempty"`
	Members   []string     `json:"members"`
	Ladder    string       `json:"ladder,omitempty"`
	Monitor   string       `json:"monitor,omitempty"`
	Alone     bool         `json:"alone,omitempty"`
	Payer     string       `json:"payer,omitempty"`
	StopOnly  bool         `json:"stop_only,omitempty"`
	StartOnly bool         `json:"start_only,omitempty"`
	By        string       `json:"by,omitempty"`    // the operator who asked for it
	Stops     bool         `json:"stops,omitempty"` // the script is the one that stops
	Script    *savedScript `json:"script,omitempty"`
}

// savedMonitor is the durable part of a monitor.
type savedMonitor struct {
	History restart.History `json:"history,omitzero"`
	Outage  bool            `json:"outage,omitempty"`
	Tried   int             `json:"tried,omitempty"`
}

// savedOperator is what the operator has asked for, as far as it is not of one process.
type savedOperator struct {
	Suspended string `json:"suspended,omitempty"`
}

// Save is the whole durable state.
func (m *Machine) Save() Saved {
	out := Saved{}
	put := func(key string, v any) {
		if text, err := json.Marshal(v); v != nil && err == nil { // the types above are plain: it cannot fail
			out[key] = text
		}
	}
	for key, v := range m.restored {
		put(key, v)
	}
	for name := range m.procs {
		put(keyProcess+name, m.saveKey(keyProcess+name))
	}
	for name := range m.monitors {
		put(keyMonitor+name, m.saveKey(keyMonitor+name))
	}
	for key := range m.ladders {
		put(keyLadder+key, m.saveKey(keyLadder+key))
	}
	for key := range m.ops {
		put(keyOperation+key, m.saveKey(keyOperation+key))
	}
	put(keyOperator, m.saveKey(keyOperator))
	put(keyBreaker, m.saveKey(keyBreaker))
	return out
}

// changes is what may have changed of the durable state since the last call: nil stands
// for what is there no more. What is given is a copy.
func (m *Machine) changes() map[string]any {
	if len(m.touched) == 0 {
		return nil
	}
	out := make(map[string]any, len(m.touched))
	for key := range m.touched {
		out[key] = m.saveKey(key)
	}
	m.touched = emptied(m.touched)
	return out
}

// touch says that the durable part of a process may have changed in this step.
func (m *Machine) touch(p *process) {
	m.touched[p.key] = true
	m.mark(p.key)
	m.census.stale[p.name] = true
}

func (m *Machine) touchLadder(l *climb.Ladder) {
	m.touched[keyLadder+l.Key] = true
	m.mark(keyLadder + l.Key)
}

func (m *Machine) touchMonitor(mon *attended) {
	m.touched[keyMonitor+mon.Name] = true
	m.unsettle(mon)
}

func (m *Machine) touchOp(op *operation.Operation) { m.touched[keyOperation+op.Key()] = true }

// touchJob marks what a job belongs to.
func (m *Machine) touchJob(j job) {
	switch {
	case j.ladder != "":
		m.touched[keyLadder+j.ladder] = true
		m.mark(keyLadder + j.ladder)
	case j.op != nil && j.process == "":
		m.touchOp(j.op)
	case j.process != "":
		m.touched[keyProcess+j.process] = true
		m.mark(keyProcess + j.process)
	}
}

// saveKey gives the value of a key, or nil.
func (m *Machine) saveKey(key string) any {
	name, is := strings.CutPrefix(key, keyProcess)
	if p := m.procs[name]; is && p != nil {
		return m.saveProcess(p)
	}
	name, is = strings.CutPrefix(key, keyMonitor)
	if mon := m.monitors[name]; is && mon != nil {
		return savedMonitor{History: mon.History, Outage: mon.Outage, Tried: mon.Tried}
	}
	name, is = strings.CutPrefix(key, keyLadder)
	if l := m.ladders[name]; is && l != nil {
		return m.saveLadder(l)
	}
	name, is = strings.CutPrefix(key, keyOperation)
	if op := m.ops[name]; is && op != nil {
		return m.saveOperation(op)
	}
	if key == keyOperator && m.operatorHold != "" {
		return savedOperator{Suspended: m.operatorHold}
	}
	if key == keyBreaker {
		return m.resort.Kept()
	}
	return m.restored[key]
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

func (m *Machine) saveScript(token int) *savedScript {
	j, ok := m.jobs[token]
	if token == 0 || !ok || j.asked == 0 {
		return nil
	}
	return &savedScript{ID: j.id, Path: j.path, Asked: j.asked, Until: j.until}
}

func (m *Machine) saveLadder(l *climb.Ladder) any {
	out := savedLadder{Climb: l.Climb, RemindAt: l.RemindAt, RetryAt: l.RetryAt, Hook: m.saveScript(l.Hook)}
	if out.Climb.Phase == escalate.Idle && out.Climb.Position == 0 && len(out.Climb.Spent) == 0 && out.RetryAt == 0 && out.RemindAt == 0 && out.Hook == nil {
		return nil // as it is made
	}
	return out
}

func (m *Machine) saveOperation(op *operation.Operation) savedOperation {
	return savedOperation{Group: op.Group, Members: op.Members, Ladder: op.Ladder, Monitor: op.Monitor, Alone: op.Alone, Payer: op.Payer,
		StopOnly: op.StopOnly, StartOnly: op.StartOnly, By: op.By, Stops: op.StopsByScript(), Script: m.saveScript(op.Token)}
}

// digest tells one match from another.
func digest(match procscan.Match) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%+v", match)
	return fmt.Sprintf("%016x", h.Sum64())
}
