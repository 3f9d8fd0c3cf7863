package probe

import "time"

// While a check is in progress Run looks at least every pulse. If it comes later than
// that by more than heldUp, procward itself did not run: it was stopped (SIGSTOP, a
// debugger, a frozen cgroup, a paused virtual machine) or got no CPU time. What it missed
// meanwhile is not a failure of the processes that it watches.
const (
	pulse  = 500 * time.Millisecond
	heldUp = 500 * time.Millisecond
)

// behind reports whether Run should have looked a while ago. The lock is held.
func (p *Prober) behind(now time.Duration) bool { return p.looks != never && now-p.looks > heldUp }

// lapse notes that procward did not run until now. Programs that write to a notify socket
// may have found it full, and what they wrote may not be read yet. The lock is held.
func (p *Prober) lapse(now time.Duration) {
	p.lapsed = now
	for _, t := range p.targets {
		for _, e := range t.ears {
			e.life.lapse(now)
		}
	}
}

// wasHeldUp reports whether procward did not run for a while since a check began. A
// connection is ended at once when its time is over; a program gets more time.
func (p *Prober) wasHeldUp(r run, began, over time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lapsed > began || p.behind(over) || !r.item.runs && over-began > r.timeout+heldUp
}
