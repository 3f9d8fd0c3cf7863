package vital

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"procward/internal/procfile"
	"procward/internal/scalar"
	"procward/watch"
)

// text is a verdict in words.
func (l *life) text(it *item, h *hold, r *reading, now time.Duration) string {
	switch h.verdict {
	case watch.Blind:
		if h.why == nil {
			return "cannot be told"
		}
		return "cannot be told: " + h.why.Error()
	case watch.OK:
		return l.fine(it, r)
	}
	return l.wrong(it, r) + " for " + round(now-h.since)
}

// round leaves of a time what a reader wants to know.
func round(d time.Duration) string {
	unit := time.Second
	if d < 10*time.Second {
		unit = 100 * time.Millisecond
	}
	return d.Round(unit).String()
}

var fineWords = [...]string{
	stopped: "not stopped", uninterruptible: "no thread stays in state D", spinning: "no thread is spinning", backlog: "its accept queues are served",
}

func (l *life) fine(it *item, r *reading) string {
	switch it.kind {
	case stopped, uninterruptible, spinning, backlog:
		return fineWords[it.kind]
	case rssGrowth, fdsGrowth, threadsGrowth:
		return l.amount(it, r) + ", which does not only grow"
	}
	return l.amount(it, r) + ", at most " + it.max.String() + " allowed"
}

func (l *life) wrong(it *item, r *reading) string {
	switch it.kind {
	case stopped:
		if r.frozen {
			return "its cgroup is frozen"
		}
		return "stopped by a signal"
	case uninterruptible:
		return fmt.Sprintf("thread %d is in state D without a context switch", l.crew.blocked.tid)
	case spinning:
		return fmt.Sprintf("thread %d runs without ever waiting", l.crew.busy.tid)
	case backlog:
		q := &l.queues.longest
		return fmt.Sprintf("%s: %d in the accept queue, and none is taken", q.where, q.length)
	case rssGrowth, fdsGrowth, threadsGrowth:
		return fmt.Sprintf("%s, only growing", l.amount(it, r))
	}
	return l.amount(it, r) + ", more than " + it.max.String()
}

// amount is the value of a limit or growth with its name.
func (l *life) amount(it *item, r *reading) string {
	v := r.value(it.kind)
	if words, ok := memoryWords[it.kind]; ok {
		return fmt.Sprintf(words, scalar.Size(v).Rounded())
	}
	switch it.kind {
	case cpu:
		return "cpu " + percent(float64(int(l.usage*1000))/1000)
	case fds, fdsGrowth:
		if it.max.Form == Share {
			return fmt.Sprintf("%d of %d descriptors", v, r.fdLimit)
		}
		return fmt.Sprintf("%d descriptors", v)
	}
	return strconv.FormatInt(v, 10) + " " + strings.TrimSuffix(it.kind.String(), "-growth")
}

// lines are the last reading and the signs of a process.
func (p *proc) lines(now time.Duration) []string {
	if p.gone {
		return []string{fmt.Sprintf("pid %d: has ended", p.id.PID)}
	}
	r := &p.r
	lines := []string{fmt.Sprintf("pid %d: state %c, %d threads, rss %s, cpu %s in all", p.id.PID, max(r.stat.State, ' '), r.stat.Threads, scalar.Size(r.rss).Rounded(), time.Duration(r.stat.CPU)*procfile.Tick)}
	for i := range p.life.plan.items {
		it, h := &p.life.plan.items[i], &p.life.holds[i]
		verdict, text := string(h.verdict), ""
		if h.verdict == watch.Pending {
			verdict = "not yet known"
		} else {
			text = ": " + p.life.text(it, h, r, now)
		}
		lines = append(lines, fmt.Sprintf("pid %d: %s: %s%s", p.id.PID, it.kind, verdict, text))
	}
	return lines
}
