package vital

import (
	"fmt"
	"time"

	"procward/internal/procfile"
	"procward/internal/scalar"
	"procward/watch"
)

// text is a verdict in words.
func (l *life) text(it *item, h *course, r *reading, now time.Duration) string {
	v := view{life: l, it: it, h: h, r: r, now: now}
	switch h.verdict {
	case watch.Blind:
		if h.why == nil {
			return "cannot be told"
		}
		return "cannot be told: " + h.why.Error()
	case watch.OK:
		return it.fine(v)
	}
	return it.wrong(v) + " for " + scalar.Duration(now-h.since).Rounded()
}

// lines are the last reading and the signs of a process.
func (p *proc) lines(now time.Duration) []string {
	if p.gone {
		return []string{fmt.Sprintf("pid %d: has ended", p.id.PID)}
	}
	r := &p.r
	lines := []string{fmt.Sprintf("pid %d: state %c, %d threads, rss %s, cpu %s in all", p.id.PID, max(r.stat.State, ' '), r.stat.Threads, scalar.Size(r.rss).Rounded(), time.Duration(r.stat.CPU)*procfile.Tick)}
	for i := range p.life.plan.items {
		it, h := &p.life.plan.items[i], &p.life.courses[i]
		verdict, text := string(h.verdict), ""
		if h.verdict == watch.Pending {
			verdict = "not yet known"
		} else {
			text = ": " + p.life.text(it, h, r, now)
		}
		lines = append(lines, fmt.Sprintf("pid %d: %s: %s%s", p.id.PID, it.name, verdict, text))
	}
	return lines
}
