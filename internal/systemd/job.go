package systemd

import (
	"context"
	"time"

	"procward/internal/ktime"

	sddbus "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

// job is the last job of a unit since the link watches it. Of a job that is over systemd
// keeps nothing, not even whether it was a start or a stop; so the unit is read right
// after it.
type job struct {
	id     uint32        // 0: none so far
	at     time.Duration // CLOCK_MONOTONIC when we heard of it; systemd's timestamps are on this clock
	own    bool          // of this link: of its Restart, Start or Stop
	over   bool
	result string // of a job that is over: done, canceled, timeout, failed, dependency …
	looked bool   // after says how the unit was right after the job
	after  bool   // up, or on its way there
	toldBy *session
}

// lookAfter makes the link remember the unit's jobs from now on. Units that nobody asks
// for leave no trace.
func (l *Link) lookAfter(unit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jobs[unit] == nil {
		l.jobs[unit] = &job{}
	}
}

// Pending reports whether systemd has told of a job for the unit which is not over and not ours.
// It asks nobody.
func (l *Link) Pending(unit string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.jobs[l.mainName(unit)]
	return j != nil && j.id != 0 && !j.over && !j.own && !l.isOwn(j.id) && j.toldBy == l.session
}

// lastJob is a copy of what is known of the unit's last job, and whether the one that
// is pending (0: none) is ours.
func (l *Link) lastJob(unit string, pending uint32) (last job, own bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := l.jobs[unit]; j != nil {
		last = *j
	}
	return last, pending != 0 && (l.isOwn(pending) || last.id == pending && last.own)
}

// jobMark tells whether there was news of a unit's jobs between two moments.
type jobMark struct {
	id           uint32
	over, looked bool
}

func (l *Link) jobNews(unit string) jobMark {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := l.jobs[l.mainName(unit)]; j != nil {
		return jobMark{j.id, j.over, j.looked}
	}
	return jobMark{}
}

func (l *Link) jobNew(s *session, id uint32, unit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := l.jobs[unit]; j != nil {
		*j = job{id: id, at: ktime.Monotonic(), own: l.isOwn(id), toldBy: s}
	}
	if shutsDown(unit) {
		l.shutdownJob(s, "job for "+unit)
	}
}

func (l *Link) jobRemoved(s *session, id uint32, unit, result string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.waiting {
		w.removed(id, result)
	}
	if j := l.jobs[unit]; j != nil && j.id == id {
		j.over, j.result, j.own = true, result, j.own || l.isOwn(id)
		go l.lookAfterJob(s, id, unit)
	}
	if shutsDown(unit) {
		l.shutdownJob(s, "")
	}
}

// lookAfterJob reads how the unit is right after its job, and tells who watches the units.
func (l *Link) lookAfterJob(s *session, id uint32, unit string) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	var state string
	err := s.property(ctx, unitPath(unit), unitIface, "ActiveState", &state)
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.jobs[unit]
	if j == nil || j.id != id {
		return
	}
	if err == nil {
		j.looked, j.after = true, state != "inactive" && state != "failed"
	}
	if !j.own {
		l.news.tell(l.asked[unit]...)
	}
}

// isOwn reports whether a job is one of ours; it is called with the lock held.
func (l *Link) isOwn(id uint32) bool {
	for w := range l.waiting {
		if w.id == id {
			return true
		}
	}
	return false
}

// unitPath is the D-Bus object of a unit, which systemd loads when it is asked for.
func unitPath(unit string) dbus.ObjectPath {
	return dbus.ObjectPath(managerPath + "/unit/" + sddbus.PathBusEscape(unit))
}
