package probe

import "time"

// While a check is under way Run looks at least every pulse. Where it comes later than that
// by more than heldUp, procward itself did not run: it was stopped (SIGSTOP, a debugger, a
// frozen cgroup, a paused virtual machine) or starved. What it missed meanwhile is no
// failure of those it watches.
const (
	pulse  = 500 * time.Millisecond
	heldUp = 500 * time.Millisecond
)

// behind reports whether Run should have looked a while ago. The lock is held.
func (p *Prober) behind(now time.Duration) bool { return p.looks != never && now-p.looks > heldUp }

// lapse notes that procward was held up until now. Those who speak to a notify socket may
// have found it full, and what they said may not be read yet. The lock is held.
func (p *Prober) lapse(now time.Duration) {
	p.lapsed = now
	for _, t := range p.targets {
		for _, e := range t.ears {
			e.life.lapse(now)
		}
	}
}

// wasHeldUp reports whether procward was held up since a check began. A connection is broken off
// at once when its time is over; a program is given more.
func (p *Prober) wasHeldUp(r run, began, over time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lapsed > began || p.behind(over) || !r.item.runs && over-began > r.timeout+heldUp
}
