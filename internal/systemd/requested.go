package systemd

import (
	"time"
)

// requested decides whether a unit is in the operator's hands. systemd does not keep who
// stopped a unit; a service that is stopped and one that ends by itself with code 0 look
// alike. What differs is the order of events and the jobs:
//
//   - A job that is there now is somebody's wish.
//   - Who is stopped leaves "active" first, and then its main process ends; who ends by
//     itself loses the main process first.
//   - A unit that was about to start (also by its own Restart=) and is inactive, not
//     failed, was stopped before it got there.
//   - A job that is over, succeeded, and left the unit down was a stop.
func requested(u Unit, t times, last job, own bool) bool {
	switch u.JobType {
	case "stop", "restart", "try-restart", "start":
		return !own
	}
	if !u.down() || last.over && last.own {
		return false
	}
	return t.stoppedWhileActive() && !endedByManager(u.Result) ||
		u.ActiveState == "inactive" && t.stoppedWhileStarting() ||
		last.stopped(t)
}

func (t times) stoppedWhileActive() bool {
	return t.activeExit > t.inactiveExit && t.mainExit > t.activeExit
}

func (t times) stoppedWhileStarting() bool { return t.inactiveExit > t.activeExit }

// endedByManager reports whether systemd itself stopped the unit, for what it did: a watchdog
// that was not fed, a limit on memory or on time. TimeoutStopSec= gives "timeout" too;
// then the job tells.
func endedByManager(result string) bool {
	switch result {
	case "watchdog", "oom-kill", "timeout":
		return true
	}
	return false
}

// The news of a job takes a moment. A job of which we hear so much later than the unit
// began to start, or ended by itself, may yet have been there before.
const (
	startLead = 200 * time.Millisecond
	endLead   = 5 * time.Millisecond
)

// stopped reports whether the job is over, was done, and left the unit down. A start whose
// unit ended right after it looks the same, but for the order of things: it ended by
// itself, and began and ended after the job was made.
func (j job) stopped(t times) bool {
	if !j.over || j.result != "done" || j.looked && j.after {
		return false
	}
	byItself := t.activeExit >= t.inactiveExit && t.mainExit != 0 && t.mainExit <= t.activeExit
	started := byItself && t.inactiveExit > j.at-startLead && t.activeExit > j.at-endLead
	return !started
}
