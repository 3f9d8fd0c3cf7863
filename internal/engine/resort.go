package engine

import (
	"cmp"
	"slices"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/lastresort"
	"procward/internal/message"
	"procward/internal/scalar"
)

// toResort gives the last resort an event, and posts its commands.
type toResort struct{ event lastresort.Event }

func (t toResort) deliver(m *Machine) {
	env := lastresort.Env{Moment: m.at, Limit: m.cfg.Daemon.RebootLimit, Ladder: m.ladders.ladderThatEnds()}
	for _, c := range m.resort.Next(t.event, env) {
		m.post(ofResort{c})
	}
	m.alarms.mark(keyBreaker)
}

// ladderThatEnds is what the last resort has to know of the ladder whose rung is on its way.
func (m *ladders) ladderThatEnds() *lastresort.Ladder {
	l := m.all[m.resort.Asked()]
	if l == nil {
		return nil
	}
	out := &lastresort.Ladder{Acting: l.Climb.Phase == escalate.Acting, Free: m.haltedBy() == "" && m.ops.all[m.opKey(l)] == nil}
	if mon := m.monitors.all[l.Monitor]; mon != nil {
		out.Wanted = mon.Outage && mon.watched.Bad()
		return out
	}
	members := m.facts(l)
	missing := climb.Missing(members)
	out.Required = climb.Required(members)
	out.Wanted = len(missing) > 0 && missing[0].HeldBy == "" && !slices.ContainsFunc(missing, func(w climb.Member) bool { return m.procs[w.Name].Trial().Evidence != 0 })
	return out
}

// ofResort carries out a command of the last resort.
type ofResort struct{ command lastresort.Command }

func (o ofResort) deliver(m *Machine) {
	switch c := o.command.(type) {
	case lastresort.Save:
		m.keeper.book.Touch(keyBreaker)
	case lastresort.Record:
		m.resort.Token = m.jobs.newToken(job{})
		m.do(Record{Token: m.resort.Token})
	case lastresort.Look:
		for _, p := range m.those(c.Names) {
			m.wantLook(p)
		}
	case lastresort.Act:
		m.resort.Token = m.jobs.newToken(job{})
		m.ladders.answer(c.Ladder, climb.Begins{Rung: c.Rung, Reason: c.Reason})
		m.post(effect{EndMachine{Token: m.resort.Token, Rung: c.Rung, Reason: c.Reason}})
	case lastresort.Refuse:
		m.ladders.answer(c.Ladder, climb.Refused{Rung: c.Rung, Why: c.Why})
	case lastresort.Postpone:
		m.ladders.answer(c.Ladder, climb.Postponed{Until: c.Until, In: scalar.Duration(c.Until - m.now).Rounded(), Why: c.Why})
	case lastresort.Failed:
		m.ladders.answer(c.Ladder, climb.Stayed{Rung: c.Rung, Why: c.Why})
	}
}

// effect is an effect in its turn.
type effect struct{ Effect }

func (e effect) deliver(m *Machine) { m.do(e.Effect) }

// answer gives a ladder the result of its rung, if it is still there.
func (m *ladders) answer(key string, e climb.Event) {
	if l := m.all[key]; l != nil {
		m.tell(l, e)
	}
}

func (m *ladders) takeLastResort(l *climb.Ladder, rung string) {
	m.post(toResort{lastresort.Take{Ladder: l.Key, Rung: rung, Reason: l.About() + ": " + m.why(l)}})
}

// ownEnd says what our own act does to the host, or nothing: systemd announces to us as
// well the shutdown that we ask it for.
func (m *Machine) ownEnd() string {
	if rung := m.resort.Begun(); rung != "" {
		return "the host goes down by procward's own rung " + rung
	}
	return ""
}

// haltedBy says why no rung may begin, or nothing. The shutdown that we have asked for
// ourselves is no reason: if it hangs the next rung follows.
func (m *Machine) haltedBy() string {
	if m.ownShutdown {
		return cmp.Or(m.operatorHold, m.configHold)
	}
	return m.suspended
}

// sayReports reports what happened to the rungs that an earlier daemon took.
func (m *Machine) sayReports() {
	for _, r := range m.resort.Reports() {
		kind := message.MachineStayed
		if r.Outcome == escalate.Happened {
			kind = message.MachineEnded
		}
		m.say(kind, nil, func(s *message.Message) { s.Rung, s.Detail = r.Rung, r.String() })
	}
}

// breakerStatus is nil if no rung could end the machine, and none ever has.
func (m report) breakerStatus() *BreakerStatus {
	ledger, means := m.resort.Ledger, m.resort.Means
	if len(means) == 0 && ledger.Empty() {
		return nil
	}
	limit := m.cfg.Daemon.RebootLimit
	standing := limit.Standing(ledger, m.at)
	out := &BreakerStatus{Used: len(standing.Used), Limit: limit.Count, Window: limit.Window.String(), Lost: standing.Lost, Rungs: means}
	if standing.Free > 0 {
		out.FreeIn = &standing.Free
	}
	if n := len(ledger.Entries); n > 0 {
		last := ledger.Entries[n-1]
		out.Last = &TakenRung{Rung: last.Rung, Reason: last.Reason, At: last.Wall, Outcome: string(last.Outcome)}
	}
	out.Acting = m.resort.Begun()
	return out
}
