package engine

import (
	"fmt"
	"strings"

	"procward/internal/message"
)

// sighted is the look before a start by the operator: what is up is not started.
func (m *Machine) sighted(op *operation) {
	for _, p := range m.mine(op) {
		if !p.enough() {
			continue
		}
		p.op = nil
		m.stir(p)
		if p.outage {
			m.settle(p)
		} else {
			m.endOutage(p)
		}
	}
	if len(m.mine(op)) == 0 || m.suspended != "" {
		m.endOp(op)
		return
	}
	m.startGroup(op)
}

// startAgain tries a start by the operator that has failed again, as often as the group
// says.
func (m *Machine) startAgain(op *operation) bool {
	op.tries++
	most := m.opGroup(op).StartAttempts
	if !op.startOnly || op.failed == "" || op.tries >= most || m.suspended != "" {
		return false
	}
	m.sayGroup(message.GroupFailed, op, fmt.Sprintf("%s; start %d of %d", op.failed, op.tries, most))
	op.failed = ""
	for _, p := range m.mine(op) {
		m.letGo(p)
	}
	m.lookAtAll(op, sighting)
	return true
}

// checked is the look after a stop by the operator: what is left, or has been left
// behind, is killed as well.
func (m *Machine) checked(op *operation) {
	for _, p := range m.mine(op) {
		if len(p.tracked)+len(p.toEnd(p.orphansAtStop())) > 0 && !op.stuck[p.name] {
			op.todo = append(op.todo, p.name)
		}
	}
	if len(op.todo) == 0 || op.rounds >= killRounds {
		if len(op.todo) > 0 {
			op.failed = strings.Join(op.todo, ", ") + " comes back as often as it is killed"
		}
		m.endOp(op)
		return
	}
	op.stage = stopping
	m.stopNext(op)
}

// lookAtAll wants a look at each member in hand before the operation goes on.
func (m *Machine) lookAtAll(op *operation, s stage) {
	op.stage, op.need = s, map[string]bool{}
	for _, p := range m.mine(op) {
		op.need[p.name] = true
		p.changedAt, p.lookedAt = max(p.changedAt, m.now), 0
		m.wantLook(p)
	}
	m.seenAll(op) // nobody is left where all have gone with a reload
}

// seen takes a look at one member for lookAtAll.
func (m *Machine) seen(op *operation, p *process) {
	delete(op.need, p.name)
	m.seenAll(op)
}

// seenAll goes on with the operation once no look is awaited.
func (m *Machine) seenAll(op *operation) {
	switch {
	case len(op.need) > 0:
	case op.stage == sighting:
		m.sighted(op)
	case op.stage == checking:
		m.checked(op)
	}
}
