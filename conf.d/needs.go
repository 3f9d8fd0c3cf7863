package confd

import (
	"fmt"

	"procward/escalate"
	"procward/watch/probe"
)

// need is a path on the host that the configuration names, and its key.
type need struct {
	key  string
	use  probe.Use
	argv []string
}

// needs is what a valid section uses of the host.
func (v *version) needs(n declared) []need {
	switch e := v.entry(n).(type) {
	case interface{ needs() []need }:
		return e.needs()
	case escalate.Group:
		return groupNeeds(e)
	}
	return nil
}

func (p Process) needs() []need {
	out := programAt("restart.run", p.Restart.Run)
	for i, s := range p.Stall {
		out = append(out, checkNeeds(fmt.Sprintf("stall[%d]", i), s.Check)...)
	}
	if p.Escalate != nil {
		out = append(out, hooks(*p.Escalate)...)
	}
	return out
}

func (m Monitor) needs() []need { return append(checkNeeds("", m.Check), hooks(m.Escalate)...) }

func groupNeeds(g escalate.Group) []need {
	return append(append(programAt("start", g.Start), programAt("stop", g.Stop)...), hooks(g.Escalate)...)
}

func checkNeeds(at string, c probe.Check) []need {
	var out []need
	for _, n := range c.Needs() {
		out = append(out, need{join(at, n.Key), n.Use, n.Argv})
	}
	return out
}

func hooks(l escalate.Ladder) []need {
	var out []need
	for i, r := range l {
		if hook, runs := r.Deed().(*escalate.Hook); runs {
			out = append(out, programAt(fmt.Sprintf("escalate[%d].%s.run", i, r.Name()), hook.Run)...)
		}
	}
	return out
}

// programAt is a script at a key, where there is one.
func programAt(key string, argv []string) []need {
	if len(argv) == 0 {
		return nil
	}
	return []need{{key, probe.Runs, argv}}
}
