package systemd

import (
	"time"
)

// requested decides whether an operator is in charge of a unit. systemd does not record
// who stopped a unit; a service that is stopped looks like one that ends by itself with
// code 0. What differs is the order of events and the jobs. Four rules: a job that is
// there now is somebody's request. If a service is stopped, the unit leaves "active"
// first, and then its main process ends; if it ends by itself, the main process ends
// first. If a unit was about to start (also by its own Restart=) and is inactive, not
// failed, it was stopped before. If a job is over, succeeded, and left the unit down, it
// was a stop.
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

// endedByManager reports whether systemd itself stopped the unit, for something that it
// did: a watchdog that was not fed, a limit on memory or on time. TimeoutStopSec= gives
// "timeout" too; then the job decides.
func endedByManager(result string) bool {
	switch result {
	case "watchdog", "oom-kill", "timeout":
		return true
	}
	return false
}

// The news of a job takes a moment. If we hear of a job later than this after the unit
// began to start, or ended by itself, the job may still have been earlier.
const (
	startLead = 200 * time.Millisecond
	endLead   = 5 * time.Millisecond
)

// stopped reports whether the job is over, was done, and left the unit down. A start
// whose unit ended right after it looks the same, except for the order: the unit ended by
// itself, and began and ended after the job was made.
func (j job) stopped(t times) bool {
	if !j.over || j.result != "done" || j.looked && j.after {
		return false
	}
	byItself := t.activeExit >= t.inactiveExit && t.mainExit != 0 && t.mainExit <= t.activeExit
	started := byItself && t.inactiveExit > j.at-startLead && t.activeExit > j.at-endLead
	return !started
}
