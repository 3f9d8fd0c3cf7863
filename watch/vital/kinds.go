package vital

import (
	"time"

	"procward/internal/kind"
	"procward/internal/scalar"
	"procward/watch"
)

// Sign is one passive sign of a stall, and the table of them: one row for each, of which
// an item has exactly one. The comments of the rows are the text of the documentation.
type Sign struct {
	// stopped by a signal (state T), or in a frozen cgroup, for this time; not if a debugger
	// stopped it
	Stopped *scalar.Duration `yaml:"stopped"`
	// a thread in state D without one context switch for this time (the kernel's hung-task
	// rule)
	Uninterruptible *scalar.Duration `yaml:"uninterruptible"`
	// a thread that used at least 1 % of a CPU for this time and did not once wait for
	// anything
	Spinning *scalar.Duration `yaml:"spinning"`
	// connections wait at a listening socket (TCP or unix), and none was accepted for this
	// time
	Backlog *scalar.Duration `yaml:"backlog"`
}

// passive is what the rows of Sign do, by their names.
var passive = map[string]sight{
	"stopped":         stopped{},
	"uninterruptible": uninterruptible{},
	"spinning":        spinning{},
	"backlog":         backlog{},
}

// Limits is how much one process may use, and the table of it: one row for each. The
// comments of the rows are the text of the documentation.
type Limits struct {
	// memory. `max` is a size (`2GiB`, `512MB`), or a share of the host's memory (`50%`)
	RSS *Memory `yaml:"rss"`
	// CPU time. `max` is a share of one CPU: `95%`, `250%`
	CPU *Limit `yaml:"cpu"`
	// open descriptors. `max` is a number, or a share of the process's own limit (`90%`)
	FDs *Limit `yaml:"fds"`
	// threads. `max` is a number
	Threads *Limit `yaml:"threads"`
	// direct children, zombies among them. `max` is a number
	Children *Limit `yaml:"children"`
	// children that have ended and that it has not waited for. `max` is a number
	Zombies *Limit `yaml:"zombies"`
	// leaks: a value that grows and never falls: below
	Growth *Growth `yaml:"growth"`
}

// Growth is the table of the values that must not always grow.
type Growth struct {
	// of the resident memory. `by` is a share, or a size
	RSS *Leak `yaml:"rss"`
	// of the open descriptors. `by` is a share, or a number
	FDs *Leak `yaml:"fds"`
	// of the threads. `by` is a share, or a number
	Threads *Leak `yaml:"threads"`
}

// limit is what each row of Limits can do.
type limit interface {
	// validate reports, as KeyErrors, what makes no sense.
	validate(name string) error
	// items is the signs that it makes.
	items(name string) []item
}

// sight is how one kind of sign is seen: a passive one, a limit or a growth.
type sight interface {
	// sources is what a reading of it is made of, beside fromStat.
	sources() []source
	// judge is what a reading shows that could be taken.
	judge(v view) symptom
	// fine and wrong are the reading in words.
	fine(v view) string
	wrong(v view) string
}

// view is one reading of one process, for the judgement of one sign. Times are of the
// watcher's clock.
type view struct {
	*life
	it    *item
	h     *course
	r     *reading
	now   time.Duration
	rated bool // usage is known
}

// symptom is what the reading says.
func (v view) symptom() symptom {
	if why := v.unread(); why != nil {
		return symptom{what: unreadable, why: why}
	}
	return v.it.sight.judge(v)
}

// unread says why a sign cannot be told from the reading, or is nil.
func (v view) unread() error {
	if v.r.fail[fromStat] != nil {
		return v.r.fail[fromStat]
	}
	if sure, is := v.it.sight.(interface{ sure(*reading) bool }); is && sure.sure(v.r) {
		return nil
	}
	for _, s := range v.it.from {
		if v.r.fail[s] != nil {
			return v.r.fail[s]
		}
	}
	return nil
}

// held is the symptom of what each reading tells by itself.
func (v view) held(is bool) symptom {
	switch {
	case !is:
		return symptom{what: absent}
	case v.h.verdict == watch.Failing || v.h.verdict == watch.Bad:
		return symptom{what: present, since: v.h.since}
	}
	return symptom{what: present, since: v.now}
}

// set is the kinds of signs that are set, with their times.
func (s Sign) set() []kind.Row[*scalar.Duration] { return kind.Set[*scalar.Duration](s) }
