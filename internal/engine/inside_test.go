package engine

import (
	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/lastresort"
	"procward/internal/engine/life"
	"procward/internal/engine/operation"
	"procward/procscan"
)

// What the tests of the machine see of its inside. They are a package of their own, since
// the world of a rehearsal, in which they play, uses the engine.

// KeyProcess begins the key of a process in what is saved.
const KeyProcess = keyProcess

// KeyBreaker is the key of the ledger in what is saved.
const KeyBreaker = keyBreaker

// Procs is the processes by name.
func (m *Machine) Procs() map[string]*process { return m.procs }

// Held reports whether an operation has a process in hand.
func (p *process) Held() bool { return p.op != nil }

// Slots is how many parallel slots are held.
func (m *Machine) Slots() int { return m.jobs.running }

// Ops is how many operations are under way.
func (m *Machine) Ops() int { return len(m.ops.all) }

// Tokens is how many jobs were ever begun.
func (m *Machine) Tokens() int { return m.jobs.token }

// Jobs is the jobs under way.
func (m *Machine) Jobs() map[int]job { return m.jobs.all }

// Of is the process that a job is for.
func (j job) Of() string { return j.process }

// Observes reports whether nothing is done.
func (m *Machine) Observes() bool { return m.observe }

// Holds reports whether it is suspended by anything but its own end of the machine.
func (m *Machine) Holds() bool { return m.suspended != "" && !m.ownShutdown }

// Suspended says why it is suspended, or nothing.
func (m *Machine) Suspended() string { return m.suspended }

// Names is the names of the processes.
func (m *Machine) Names() []string { return m.names }

// Trackers is who tracks a process.
func (m *Machine) Trackers() map[procscan.ID][]string { return m.processes.trackers }

// Ladders is the ladders by key.
func (m *Machine) Ladders() map[string]*climb.Ladder { return m.ladders.all }

// LadderOf is the ladder that a process climbs.
func (m *Machine) LadderOf(p *process) *climb.Ladder { return m.ladders.of(p) }

// Climb gives a ladder an event.
func (m *Machine) Climb(l *climb.Ladder, e climb.Event) { m.ladders.tell(l, e) }

// Ledger is the rungs that were taken.
func (m *Machine) Ledger() escalate.Ledger { return m.resort.Ledger }

// Resort is the last resort.
func (m *Machine) Resort() *lastresort.State { return &m.resort }

// Orders is the operator's orders.
func (m *Machine) Orders() []*operation.Order { return m.operator.orders }

// Configuration is what is in force.
func (m *Machine) Configuration() *confd.Config { return m.cfg }

// Present is the moment of the last step.
func (m *Machine) Present() Moment { return m.at }

// GroupState is the state of a group.
func (m *Machine) GroupState(name string) string { return report{m}.groupStatus(name).State }

// Put puts a process into a state.
func (m *Machine) Put(name string, state State) {
	p := m.procs[name]
	p.Next(life.Restored{Saved: life.Saved{State: state}}, m.processes.env(p))
	m.keeper.touch(p)
}

// Touch has a process saved.
func (m *Machine) Touch(name string) { m.keeper.touch(m.procs[name]) }

// Whole is the whole status at a moment.
func (m *Machine) Whole(now Moment) Status {
	m.at, m.now = now, now.Uptime
	page := report{m}.page(Page{})
	for !page.Last() {
		page = report{m}.page(page)
	}
	return page.Status
}

// Op is the operation that a job is for, or nil.
func (j job) Op() *operation.Operation { return j.op }

// Acts reports whether an effect changes something beyond procward itself.
func Acts(e Effect) bool { return acts(e) }
