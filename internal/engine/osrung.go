package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"procward/escalate"
	"procward/internal/message"
)

// Times of a rung that ends the machine.
const (
	inTurn      = 10 * time.Second // while another is on its way, the next one looks again after this
	confirmTime = 30 * time.Second // the last look takes no longer: else the climb looks again
)

// ending is a rung that ends the machine on its way: there is one at a time.
type ending struct {
	key    string // of its ladder
	rung   string
	reason string
	before escalate.Ledger // in force again if nothing is done
	stage  endingStage
	token  int             // of the record, or of the act
	need   map[string]bool // of confirming: whose look is awaited
	asked  time.Duration   // of confirming: when the looks were asked for
}

type endingStage int

const (
	recording  endingStage = iota // that it is taken is brought to the disk
	confirming                    // the last look
	acting                        // the machine ends, or the act returns
)

// endMachine begins a rung that ends the machine, after the look before it: the breaker is
// asked, and what it answers is recorded.
func (m *Machine) endMachine(l *ladder, rung string) {
	if why := m.cannotEnd(rung); why != "" {
		m.refuseRung(l, rung, why)
		return
	}
	if m.ending != nil {
		m.postpone(l, m.now+inTurn, "the rung "+m.ending.rung+" of another ladder is being carried out")
		return
	}
	before, reason := m.ledger, m.reason(l)
	ledger, verdict := m.cfg.Daemon.RebootLimit.Ask(m.ledger, rung, reason, m.at)
	m.keepLedger(ledger)
	switch verdict.Answer {
	case escalate.Allow:
		m.ending = &ending{key: l.key, rung: rung, reason: reason, before: before, token: m.newToken(job{})}
		m.do(Record{Token: m.ending.token})
	case escalate.Later:
		m.postpone(l, verdict.At, verdict.Why)
	default:
		m.refuseRung(l, rung, verdict.Why)
	}
}

// cannotEnd says why a rung cannot be carried out at all, or nothing.
func (m *Machine) cannotEnd(rung string) string {
	if m.means == nil {
		return "this procward has not been given the means to end the machine"
	}
	why, made := m.means[rung]
	if !made {
		return "it was not made ready"
	}
	return why
}

func (m *Machine) refuseRung(l *ladder, rung, why string) {
	l.waits = ""
	m.sayLadder(message.RungRefused, l, func(s *message.Message) { s.Rung, s.Detail = rung, why })
	m.climb(l, escalate.Failed)
}

// postpone lets the climb look again at a time, and ask again. It says so once.
func (m *Machine) postpone(l *ladder, until time.Duration, why string) {
	l.climb = l.climb.Postponed(until)
	m.touchLadder(l)
	if why == "" || why == l.waits {
		return
	}
	l.waits = why
	m.sayLadder(message.RungWaits, l, func(s *message.Message) {
		s.Rung, s.Detail = m.rungName(l), why+"; again in "+round(until-m.now)
	})
}

// recorded takes the answer to a Record. What would not be known after the boot is not
// done.
func (m *Machine) recorded(in Recorded) {
	e := m.ending
	if e == nil || e.stage != recording || in.Token != e.token {
		return
	}
	l := m.ladders[e.key]
	switch {
	case in.Err != nil:
		m.callOff()
		if l != nil {
			m.refuseRung(l, e.rung, "it cannot be recorded, and so would not be known after the boot: "+in.Err.Error())
		}
	case l == nil || m.haltedBy() != "" || m.ops[m.opKey(l)] != nil:
		m.lookAfresh()
	default:
		m.confirm(l)
	}
}

// confirm looks for the last time, for what is missing.
func (m *Machine) confirm(l *ladder) {
	e := m.ending
	e.stage, e.asked, e.need = confirming, m.now, map[string]bool{}
	if l.monitor == "" {
		for _, p := range m.required(l) {
			e.need[p.name] = true
			m.wantLook(p)
		}
	}
	m.confirmed(l)
}

// endingLooked takes a look at one process, which began at a time.
func (m *Machine) endingLooked(p *process, at time.Duration) {
	e := m.ending
	if e == nil || e.stage != confirming || !e.need[p.name] || at < e.asked {
		return
	}
	delete(e.need, p.name)
	if l := m.ladders[e.key]; l != nil {
		m.confirmed(l)
	}
}

// confirmed acts once every look is there and nothing has changed; else the climb looks
// again, and says what has.
func (m *Machine) confirmed(l *ladder) {
	e := m.ending
	switch {
	case len(e.need) > 0:
		return
	case l.climb.Phase != escalate.Acting || m.haltedBy() != "" || m.ops[m.opKey(l)] != nil || !m.stillWanted(l):
		m.lookAfresh()
		return
	}
	delete(m.jobs, e.token)
	e.stage, e.token, l.waits = acting, m.newToken(job{}), ""
	m.sayLadder(message.RungAsked, l, func(s *message.Message) { s.Rung, s.Detail = e.rung, e.reason })
	m.do(EndMachine{Token: e.token, Rung: e.rung, Reason: e.reason})
}

// stillWanted says that what called for the rung is there.
func (m *Machine) stillWanted(l *ladder) bool {
	if l.monitor != "" {
		mon := m.monitors[l.monitor]
		return mon != nil && mon.outage && mon.watched.bad()
	}
	missing := m.missing(l)
	return len(missing) > 0 && m.heldBy(missing[0]) == "" &&
		!slices.ContainsFunc(missing, func(p *process) bool { return p.evidence != 0 })
}

// lookAfresh calls a rung off that has not begun, and lets its ladder look again.
func (m *Machine) lookAfresh() {
	l := m.ladders[m.ending.key]
	m.callOff()
	if l != nil && l.climb.Phase == escalate.Acting {
		m.postpone(l, m.now, "")
	}
}

// callOff forgets a rung that has not begun: it spends nothing.
func (m *Machine) callOff() {
	m.keepLedger(m.ending.before.Seen(m.at))
	delete(m.jobs, m.ending.token)
	m.ending = nil
}

// endingDue gives up a last look that does not come to an end.
func (m *Machine) endingDue() {
	if due := m.endingWake(); due != 0 && m.now >= due {
		m.lookAfresh()
	}
}

func (m *Machine) endingWake() time.Duration {
	if e := m.ending; e != nil && e.stage == confirming {
		return e.asked + confirmTime
	}
	return 0
}

// endingChanged calls off what has not begun when the configuration changes.
func (m *Machine) endingChanged() {
	if e := m.ending; e != nil && e.stage != acting {
		m.lookAfresh()
	}
}

// machineStays takes the return of an act: the machine has not ended.
func (m *Machine) machineStays(in MachineStays) {
	e := m.ending
	if e == nil || e.stage != acting || in.Token != e.token {
		return
	}
	delete(m.jobs, in.Token)
	m.ending = nil
	m.keepLedger(m.ledger.Failed(m.at))
	l := m.ladders[e.key]
	if l == nil {
		return
	}
	why := "the machine is still here"
	if in.Err != nil {
		why = in.Err.Error()
	}
	m.sayLadder(message.RungFailed, l, func(s *message.Message) { s.Rung, s.Detail = e.rung, why })
	m.climb(l, escalate.Failed)
}

// ownEnd says what our own act does to the host, or nothing: the shutdown that it asks
// systemd for is announced to us as well.
func (m *Machine) ownEnd() string {
	if m.ending == nil || m.ending.stage != acting {
		return ""
	}
	return "the host goes down by procward's own rung " + m.ending.rung
}

// haltedBy says why no rung may begin, or nothing. The shutdown that we asked for
// ourselves is no reason: where it hangs the next rung follows.
func (m *Machine) haltedBy() string {
	if m.ownShutdown {
		return cmp.Or(m.operatorHold, m.configHold)
	}
	return m.suspended
}

// reason is why a rung is taken, in one line that says it all: it is what is found after
// the boot.
func (m *Machine) reason(l *ladder) string {
	if mon := m.monitors[l.monitor]; mon != nil {
		return mon.inWords()
	}
	var all []string
	for _, p := range m.missing(l) {
		text := p.name + " is down"
		switch {
		case p.isStalled():
			text = p.name + " is stalled: " + inWords(p.stall.sign)
		case p.lastCause != "":
			text += ": " + p.lastCause
		}
		all = append(all, fmt.Sprintf("%s, %d of %v attempts in %v are spent", text,
			p.spec.Restart.Used(p.history, m.now), p.spec.Restart.Attempts, p.spec.Restart.Window))
	}
	who := "process " + l.process
	if l.process == "" {
		who = "group " + l.group
	}
	return who + ": " + strings.Join(all, "; ")
}
