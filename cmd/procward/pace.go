package main

import (
	"time"

	confd "procward/conf.d"
	"procward/escalate"
)

// killGrace is what a script has between TERM and KILL when its time is over
// (script.Job.Grace).
const killGrace = 5 * time.Second

// pace is how long the steps of an outage take in which nothing helps: each fails at
// once, or as late as the configuration lets it.
type pace struct {
	slow    bool
	cfg     *confd.Config
	members []string // of the group concerned, in the order of starts
}

// spread is the luck of the jitter (restart.Spec.Next).
func (p pace) spread() float64 {
	if p.slow {
		return 1
	}
	return 0
}

// attempt is the time from an attempt's start to its failure.
func (p pace) attempt(proc confd.Process) time.Duration {
	if !p.slow {
		return 0
	}
	if g, ok := p.cfg.Groups[proc.Group]; ok && g.Strategy == escalate.All && len(p.members) > 1 {
		return p.restart(g) + proc.Restart.Settle.D()
	}
	return p.member(proc) + proc.Restart.Settle.D()
}

// member is the time for one process to be killed, restarted and found.
func (p pace) member(proc confd.Process) time.Duration {
	r := proc.Restart
	d := r.StartTimeout.D()
	if !r.Kill.Never {
		d += r.Kill.Timeout.D()
	}
	if r.Unit != "" {
		d += r.Timeout.D()
	} else if r.Run != nil {
		d += r.Timeout.D() + killGrace
	}
	return d
}

// restart is the time for a group to be stopped, started and found.
func (p pace) restart(g escalate.Group) time.Duration {
	if g.Start == nil {
		d := time.Duration(0)
		for _, name := range p.members {
			d += p.member(p.cfg.Processes[name])
		}
		return d
	}
	var find time.Duration
	for _, name := range p.members {
		find = max(find, p.cfg.Processes[name].Restart.StartTimeout.D())
	}
	return p.stop(g) + g.Timeout.D() + killGrace + find
}

// stop is the time for a group to be stopped.
func (p pace) stop(g escalate.Group) time.Duration {
	d := time.Duration(0)
	if g.Stop != nil {
		d = g.Timeout.D() + killGrace
	}
	for _, name := range p.members {
		d += p.cfg.Processes[name].Restart.Kill.Timeout.D()
	}
	return d
}

// rung is the time that a rung's action takes, and how it ends.
func (p pace) rung(r escalate.Rung, g escalate.Group) (time.Duration, escalate.Input) {
	if !p.slow {
		return 0, escalate.Failed
	}
	switch deed := r.Deed().(type) {
	case *escalate.Hook:
		return deed.Timeout.D() + killGrace, escalate.Failed
	case escalate.Regroup:
		if deed.StopOnly {
			return p.stop(g), escalate.Done
		}
		return p.restart(g), escalate.Done
	}
	return 0, escalate.Done
}
