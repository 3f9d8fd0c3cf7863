package life

import (
	"slices"
	"time"

	"procward/procscan"
	"procward/procscan/succession"
	"procward/watch"
)

// outage is what is known of what is wrong, from the first loss until all is well again.
// The zero value means that nothing is wrong.
type outage struct {
	sure     bool          // a failure without doubt, and not up for settle since
	dead     []death       // oldest first
	died     time.Duration // wake-up of the first loss
	event    string        // exit, stall, absent, count, escalate: why a restart is due
	cause    watch.Cause   // of the last death
	script   time.Duration // when the newest script was asked for, or 0
	begun    time.Duration // when the first script, or that of the group, was asked for, or 0
	returned bool          // the process is back without procward

	stalledAt  time.Duration // of the last stall
	stalledPID int
}

// death is the end of one tracked process.
type death struct {
	procscan.Process
	traits   succession.Traits
	cause    watch.Cause
	at       time.Duration // when it was reported
	moved    bool          // it had executed a program since its traits were read
	expected bool          // procward has stopped it
	past     bool          // it was found again since
	launched bool          // by the script that runs or ran last, and another process carried on
}

// passing reports whether a death was only the end of a launcher: it matched for a
// moment, and is not known to have failed.
func (d death) passing() bool { return d.launched && (!d.cause.Known || d.cause.Clean()) }

// had is what is known of a dead process.
func (d death) had() succession.Traits {
	t := d.traits
	if t.Session == 0 {
		t.Session = d.Session
	}
	return t
}

func (d death) end() succession.End {
	switch {
	case d.expected:
		return succession.Stopped
	case !d.cause.Known:
		return succession.Unknown
	case d.cause.Clean():
		return succession.Clean
	}
	return succession.Failed
}

// maxDead limits how many dead an outage remembers.
const maxDead = 64

// bury remembers a death: processes that are found later are judged by it.
func (o *outage) bury(d death) {
	first := !slices.ContainsFunc(o.dead, func(d death) bool { return !d.expected })
	if first && (!d.expected || len(o.dead) == 0) {
		o.died = d.at
	}
	if first && !d.expected && o.event != "count" {
		o.event = "exit"
	}
	o.dead = append(o.dead, d)
	if len(o.dead) > maxDead {
		o.dead = o.dead[1:]
	}
}

// bringPast marks the dead as past, because the process was found again. One that ended
// after the newest script was started, and was followed by another, was only on the way
// to that.
func (o *outage) bringPast() {
	for i := range o.dead {
		d := &o.dead[i]
		d.launched = d.launched || !d.past && !d.expected && o.script != 0 && d.at > o.script
		d.past = true
	}
}

// beginRestart notes that what is started from now on is by a restart.
func (o *outage) beginRestart(now time.Duration) {
	if o.script = now; o.begun == 0 {
		o.begun = now
	}
}

// last is the last that died without procward's doing.
func (o *outage) last() (death, bool) {
	for _, d := range slices.Backward(o.dead) {
		if !d.expected && !d.passing() {
			return d, true
		}
	}
	return death{}, false
}

// LastDead is the last that died without procward's doing, or the zero value.
func (o *outage) LastDead() procscan.Process {
	d, _ := o.last()
	return d.Process
}

// DeadIDs is those whose death the outage remembers.
func (o *outage) DeadIDs() []procscan.ID {
	var out []procscan.ID
	for _, d := range o.dead {
		out = append(out, d.ID)
	}
	return out
}

// since is when the outage began.
func (o *outage) since() time.Duration {
	if o.event == "stall" {
		return o.stalledAt
	}
	return o.died
}

// deaths is what the judgement needs of the dead.
func (o *outage) deaths() []succession.Dead {
	var out []succession.Dead
	for _, d := range o.dead {
		out = append(out, succession.Dead{ID: d.ID, Had: d.had(), End: d.end(), At: d.at, Moved: d.moved})
	}
	return out
}

// places is where the dead served.
func (o *outage) places() []succession.Socket {
	var out []succession.Socket
	for _, d := range o.dead {
		out = append(out, d.traits.Serves...)
	}
	return out
}

// wokeAt is when the present failure was reported: the wake-up of the last death, or when
// something else was found to be wrong.
func (l *Life) wokeAt() time.Duration {
	if l.event == "exit" {
		return l.lastDown
	}
	return l.since()
}

// recall restores the last death of the outage.
func (l *Life) recall() {
	if d, is := l.last(); is {
		l.cause, l.lastCause, l.lastDown = d.cause, d.cause.String(), max(d.at, l.died)
	}
}

// verdict is the cause that counts for when: abnormal and final. Of the deaths since the
// process was last found it is one that was not clean, else one that is unknown, else the
// last.
func (l *Life) verdict() watch.Cause {
	out := l.cause
	for _, d := range l.dead {
		switch {
		case d.expected || d.past || l.Spec.Restart.IsClean(d.cause):
		case d.cause.Known:
			return d.cause
		default:
			out = d.cause
		}
	}
	return out
}
