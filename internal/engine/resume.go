package engine

import (
	"fmt"
	"strings"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/lastresort"
	"procward/internal/engine/life"
	"procward/internal/engine/monitor"
	"procward/internal/engine/operation"
	"procward/internal/engine/saved"
	"procward/internal/message"
)

// Moment is one instant, in one boot.
type Moment = escalate.Moment

// Restore gives the machine what an earlier one has saved. It is called before the first
// Step; what is restored comes into force with the configuration that names it. What
// cannot be understood is left out, and the error says so.
//
// After another boot nothing is left of what was tracked or in progress, and every ladder
// begins at the bottom. Some things stay and are moved by the wall clock: used attempts,
// given up, handed over, and what the operator has stopped or suspended. A wall clock
// that was set back makes nothing younger than it was.
//
// In observe mode nothing is restored, because what was in progress would go on.
func (m *Machine) Restore(s Saved, from, now Moment) error {
	m.at, m.now = now, now.Uptime
	if m.observe {
		return nil
	}
	bad := m.keeper.book.Read(s, saved.Carry{From: from, To: now})
	if bad[keyBreaker] != nil {
		m.post(toResort{lastresort.Lost{Why: "what was kept of it cannot be read"}})
	}
	if ledger, is := saved.Claim[escalate.Ledger](&m.keeper.book, keyBreaker); is {
		m.post(toResort{lastresort.Opened{Ledger: ledger}})
	}
	m.deliver()
	if v, is := saved.Claim[savedOperator](&m.keeper.book, keyOperator); is {
		m.operatorHold = v.Suspended
		m.suspended, m.keeper.untold = m.operatorHold, m.operatorHold != ""
	}
	if from.Boot == now.Boot {
		m.keeper.alive = from.Uptime
	}
	if len(bad) == 0 {
		return nil
	}
	var wrong []string
	for _, key := range sortedKeys(bad) {
		wrong = append(wrong, fmt.Sprintf("%s: %v", key, bad[key]))
	}
	return fmt.Errorf("restore the state: %s", strings.Join(wrong, "; "))
}

// claim gives a process that has come into the configuration its saved state.
func (m *keeper) claim(p *process) {
	m.touch(p)
	if s, is := saved.Claim[life.Saved](&m.book, p.key); is {
		m.claimed = append(m.claimed, p.Name)
		m.processes.tell(p, life.Restored{Saved: s})
	}
}

// goOn continues operations and ladders, once the processes are there, and reports what
// was taken over.
func (m *keeper) goOn() {
	m.sayTakenOver()
	for _, name := range m.monitors.names {
		mon := m.monitors.all[name]
		if s, is := saved.Claim[monitor.Saved](&m.book, keyMonitor+name); is {
			mon.Claim(s)
			m.monitors.touch(mon)
		}
	}
	climbs := m.claimLadders()
	for _, key := range m.book.Unclaimed(keyOperation) {
		m.claimOp(key)
		m.deliver()
	}
	for _, key := range sortedKeys(climbs) {
		m.climbOn(m.ladders.all[key], climbs[key])
		m.deliver()
	}
	m.stopAgain()
	m.deliver()
	if m.suspended != "" { // also what an earlier daemon was about to do
		m.freeze()
	}
	m.dropUnclaimed()
}

func (m *keeper) sayTakenOver() {
	tracked := 0
	for _, p := range m.those(m.claimed) {
		tracked += len(p.Tracks())
	}
	if len(m.claimed) > 0 && m.alive != 0 {
		m.say(message.TakenOver, nil, func(s *message.Message) {
			s.Detail = fmt.Sprintf("%d processes, with %d PIDs", len(m.claimed), tracked)
		})
	}
	m.claimed = nil
	m.sayReports()
	if m.untold {
		m.untold = false
		m.say(message.Suspended, nil, func(s *message.Message) { s.Detail = m.suspended })
	}
}

// stopAgain goes on with a stop by the operator whose turn had not come.
func (m *keeper) stopAgain() {
	var o Order
	for _, name := range m.names {
		p := m.procs[name]
		if by := p.View().Stopped; by != "" && p.op == nil && p.State() != StoppedBy {
			o.Names = append(o.Names, name)
			o.By = strings.TrimPrefix(by, "by ")
		}
	}
	if o.Verb = VerbStop; len(o.Names) > 0 {
		m.operator.begin(o, m.operator.operations(o))
	}
}

// dropUnclaimed forgets what the configuration no longer names, unless a drop-in is
// rejected, which may name it after it is corrected.
func (m *keeper) dropUnclaimed() {
	for _, f := range m.cfg.Files {
		if f.Rejected {
			return
		}
	}
	m.book.Forget()
}

// claimOp continues an operation that was in progress, unless none of its members is
// there: their drop-in may be rejected for the time being.
func (m *keeper) claimOp(key string) {
	s, is := m.book.Value(key).(operation.Saved)
	if !is {
		return
	}
	var members []string
	for _, p := range m.those(s.Members) {
		if p.groupKey() == strings.TrimPrefix(key, keyOperation) {
			members = append(members, p.Name)
		}
	}
	op := s.Operation(members)
	if len(members) == 0 || m.ops.all[op.Key()] != nil {
		return
	}
	saved.Claim[operation.Saved](&m.book, key)
	m.ops.all[op.Key()] = op
	m.ops.touch(op)
	for _, p := range m.those(members) {
		if p.State() == Restarting {
			m.ops.takeInHand(op, p)
			m.processes.tell(p, life.Here{})
		}
	}
	if mon := m.monitors.all[op.Monitor]; mon != nil {
		m.post(toMonitor{mon, monitor.Operates{}})
	}
	if s.Script != nil {
		op.Token = m.jobs.nextToken()
		m.jobs.awaitScript(op.Token, job{op: op}, s.Script)
	}
	m.post(toOperation{op, operation.Restored{Script: s.Script != nil, Stops: s.Stops}})
}

// claimLadders puts the ladders that are in use where they were.
func (m *keeper) claimLadders() map[string]climb.Saved {
	climbs := map[string]climb.Saved{}
	var all []*climb.Ladder
	for _, name := range m.names {
		all = append(all, m.ladders.of(m.procs[name]))
	}
	for _, name := range m.monitors.names {
		all = append(all, m.ladders.ofMonitor(m.monitors.all[name]))
	}
	for _, l := range all {
		if s, is := saved.Claim[climb.Saved](&m.book, keyLadder+l.Key); is {
			l.Claim(s)
			m.ladders.touch(l)
			climbs[l.Key] = s
		}
	}
	return climbs
}

// climbOn continues a climb: with the hook, or the operation, that its rung has begun.
func (m *keeper) climbOn(l *climb.Ladder, s climb.Saved) {
	underWay := false
	if l.Climb.Phase == escalate.Acting {
		op := m.ops.all[m.ladders.opKey(l)]
		if underWay = s.Hook != nil || op != nil && op.Ladder == l.Key; s.Hook != nil {
			l.Hook = m.jobs.nextToken()
			m.jobs.awaitScript(l.Hook, job{ladder: l.Key}, s.Hook)
		}
	}
	m.ladders.tell(l, climb.Restored{UnderWay: underWay})
}
