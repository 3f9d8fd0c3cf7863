package life

import (
	"slices"

	"procward/procscan"
	"procward/watch/probe"
	"procward/watch/vital"
)

// claim is the turn in which what was saved comes into force.
type claim struct {
	*turn
	s Saved
}

func (c *claim) all() {
	s := c.s
	c.History, c.lastCause, c.lastDown = s.History, s.LastCause, s.LastDown
	c.stopped, c.suspended = s.Stopped, s.Suspended
	c.surplus.told, c.surplus.endured, c.unit.forgiven = s.Excess, s.Endured, s.Halted
	if s.Unit != "" {
		c.unit.name = s.Unit
	}
	c.rematch = len(s.Tracked) > 0 && s.Match != c.digest
	for _, id := range s.Tracked { // if it is gone the tracker says so, and it is handled as an exit
		c.tracked[id.ID] = id.process()
		if id.Traits.At != 0 {
			c.traits[id.ID] = id.Traits
		}
		c.do(Track{Process: id.process(), Again: true})
	}
	c.remains.claim(s.Remains, s.Apart)
	c.roots = s.Roots
	if s.Outage != nil {
		c.claimOutage(*s.Outage)
	}
	if h := s.Hanging; h != nil && h.Path != "" {
		c.hanging = c.Token()
		c.do(AwaitScript{Token: c.hanging, Script: *h})
	}
	c.stand()
}

func (c *claim) claimOutage(s Outage) {
	c.outage = outage{sure: s.Sure, died: s.Died, event: s.Event, cause: s.Cause, returned: s.Returned, begun: s.Begun}
	for _, d := range s.Dead {
		c.dead = append(c.dead, death{Process: d.process(), traits: d.Traits, cause: d.Cause, at: d.At, moved: d.Moved, expected: d.Expected, past: d.Past, launched: d.Launched})
		c.do(Bury{d.ID.ID})
	}
	names := append(probe.Names(c.Spec.Checks()), vital.Names(c.Spec.Vital())...)
	if s.Stall != nil && slices.Contains(names, s.Stall.Sign.Name) {
		c.stall = &stalled{ids: map[procscan.ID]bool{}, sign: s.Stall.Sign, told: s.Stall.Told, old: true}
		for _, id := range s.Stall.IDs {
			c.stall.ids[id] = true
		}
	}
}

// stand puts the process where it was; a look follows in any case.
func (c *claim) stand() {
	c.look()
	switch s := c.s; s.State {
	case Restarting:
		c.restarting()
	case Settling:
		until := min(max(s.Deadline, c.Now+1), c.Now+max(c.Spec.Restart.Settle.D(), 1))
		c.enter(&settling{settled: until, until: until})
		c.script()
	case Waiting:
		c.enter(&waiting{due: max(s.Deadline, 1)})
	case Unclear, Looking:
		switch {
		case s.State == Unclear && s.Deadline != 0:
			c.enter(&waiting{due: s.Deadline})
		case c.event == "":
			c.enter(&unknown{})
		default:
			c.enter(&looking{})
			c.script()
		}
	case Final:
		f := &final{}
		c.enter(f)
		c.remindFinal(f)
		if f.remindAt != 0 && s.RemindAt != 0 {
			f.remindAt = min(max(s.RemindAt, c.Now+1), f.remindAt)
		}
	case "", Unknown:
		c.enter(&unknown{})
	default:
		c.enter(plain(s.State))
	}
}

// script goes on with an attempt: it waits for its script if that may still be running.
func (c *claim) script() {
	s := c.s.Attempt
	if s == nil {
		return
	}
	a := c.attempt()
	*a = attempt{number: s.Number, started: s.Started, scriptDone: s.Done, lost: s.Lost, until: s.Until}
	if s.Script == nil {
		return
	}
	if s.Script.Path == "" { // systemd restarts the unit by itself
		a.started, a.scriptDone = true, true
		return
	}
	a.token, a.script = c.Token(), true
	c.do(AwaitScript{Token: a.token, Script: *s.Script, Slot: true})
	if s.Holds {
		c.hold()
	}
}

// restarting goes on with an attempt that was in progress: a script that was not asked
// for yet is started after a look; a script that runs is waited for; else the process is
// looked for, for one more start-timeout, because nobody knows when its script ended.
func (c *claim) restarting() {
	at := &restarting{}
	c.enter(at)
	c.script()
	switch s := c.s; {
	case s.Attempt == nil || !s.Attempt.Asked:
		c.getReady()
	case at.attempt.token != 0:
		at.by = s.Deadline
	default:
		at.attempt.started, at.attempt.scriptDone = true, true
		at.by = c.Now + c.Spec.Restart.StartTimeout.D()
		if s.Attempt.Done && s.Deadline != 0 {
			at.by = s.Deadline
		}
	}
}
