package engine

import (
	"time"

	"procward/escalate"
	"procward/internal/message"
)

// seenEvery is how often the clock of the ledger is saved while it has something to
// remember.
const seenEvery = time.Hour

// lastResort is what the machine knows of the rungs that end the host it runs on.
type lastResort struct {
	ledger      escalate.Ledger
	reports     []escalate.Report // of the last start, not told yet
	seenAt      time.Duration     // when the ledger's clock was brought up to date
	means       map[string]string // by rung that was made ready: why it cannot be carried out, or nothing
	ending      *ending
	ownShutdown bool // the host is shut down, by our own rung
}

// keepLedger puts a ledger in force, which is then saved.
func (m *Machine) keepLedger(l escalate.Ledger) {
	m.ledger, m.seenAt = l, m.now
	m.touched[keyBreaker] = true
}

// saveLedger is the ledger, or nothing where there is nothing to remember.
func (m *Machine) saveLedger() any {
	if m.ledger.Empty() {
		return nil
	}
	return m.ledger
}

// restoreLedger takes the ledger of an earlier daemon, and finds out whether what it was
// about to do has happened.
func (m *Machine) restoreLedger(l escalate.Ledger) {
	l, m.reports = l.Opened(m.at)
	m.keepLedger(l)
}

// given takes what can be done here.
func (m *Machine) given(in Means) {
	m.means = in.Refused
	if in.Lost != "" {
		m.keepLedger(m.ledger.Forgot(m.at, in.Lost))
	}
}

// sayReports tells what has become of the rungs that an earlier daemon took.
func (m *Machine) sayReports() {
	for _, r := range m.reports {
		kind := message.MachineStayed
		if r.Outcome == escalate.Happened {
			kind = message.MachineEnded
		}
		m.say(kind, nil, func(s *message.Message) { s.Rung, s.Detail = r.Rung, r.String() })
	}
	m.reports = nil
}

// seenDue is when the ledger's clock has to be brought up to date, or 0.
func (m *Machine) seenDue() time.Duration {
	if m.ledger.Empty() {
		return 0
	}
	return m.seenAt + seenEvery
}

func (m *Machine) ledgerDue() {
	if due := m.seenDue(); due != 0 && due <= m.now {
		m.keepLedger(m.ledger.Seen(m.at))
	}
}

// breakerStatus is nil where no rung could end the machine, and none ever has.
func (m *Machine) breakerStatus() *BreakerStatus {
	if len(m.means) == 0 && m.ledger.Empty() {
		return nil
	}
	limit := m.cfg.Daemon.RebootLimit
	standing := limit.Standing(m.ledger, m.at)
	out := &BreakerStatus{Used: len(standing.Used), Limit: limit.Count, Window: limit.Window.String(), Lost: standing.Lost, Rungs: m.means}
	if standing.Free > 0 {
		out.FreeIn = &standing.Free
	}
	if n := len(m.ledger.Entries); n > 0 {
		last := m.ledger.Entries[n-1]
		out.Last = &TakenRung{Rung: last.Rung, Reason: last.Reason, At: last.Wall, Outcome: string(last.Outcome)}
	}
	if m.ending != nil && m.ending.stage == acting {
		out.Acting = m.ending.rung
	}
	return out
}
