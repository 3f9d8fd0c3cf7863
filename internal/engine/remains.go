package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"procward/internal/message"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
)

// remember takes traits of what is tracked.
func (m *Machine) remember(in Remembered) {
	for id, t := range in.Of {
		for _, name := range m.trackers[id] {
			p := m.procs[name]
			if p == nil {
				continue
			}
			old := p.traits[id]
			if len(t.Serves) == 0 && t.Layout.Same(old.Layout) { // it closes its sockets to drain: there it has served
				t.Serves = old.Serves
			}
			if !old.Equal(t) {
				m.touch(p)
				p.traits[id] = t
			}
		}
	}
}

// newcomers is the matching processes that carry on and are not yet tracked.
func (m *Machine) newcomers(p *process, f Finding) []procscan.Process {
	sel := f.Selection
	if p.rematch {
		m.dropUnmatched(p, sel)
	}
	if len(p.dead)+len(p.remains.kept) > 0 {
		sel = sel.Without(m.remaining(p, f), p.spec.Match.Select)
	} else {
		p.see(m, sel)
	}
	m.count(p, f, sel)
	news := slices.DeleteFunc(slices.Clone(sel.Selected), func(q procscan.Process) bool {
		_, tracked := p.tracked[q.ID]
		return tracked
	})
	if len(p.dead) > 0 && len(news) == 0 {
		m.sift(p, f)
	}
	return news
}

// see remembers what matches beside what is tracked, and descends from none of it.
func (p *process) see(m *Machine, sel procscan.Selection) {
	apart := map[procscan.ID]bool{}
	if len(sel.Matching) > len(sel.Selected) && len(p.tracked) > 0 {
		byPID := map[int]procscan.Process{}
		for _, q := range sel.Matching {
			byPID[q.PID] = q
		}
		for _, q := range sel.Matching {
			if !p.descends(q, byPID) {
				apart[q.ID] = true
			}
		}
	}
	if !maps.Equal(apart, p.remains.apart) {
		m.touch(p)
		p.remains.apart = apart
	}
}

// descends reports whether a process is tracked, or descends from one that is through some that
// match.
func (p *process) descends(q procscan.Process, byPID map[int]procscan.Process) bool {
	for range len(byPID) + 1 { // a PID that was reused between two reads could close a circle
		if _, tracked := p.tracked[q.ID]; tracked {
			return true
		}
		up, ok := byPID[q.PPID]
		if !ok {
			return false
		}
		q = up
	}
	return false
}

// remaining judges what matches and is not tracked, and says of each whether it is to be
// passed over.
func (m *Machine) remaining(p *process, f Finding) func(procscan.Process) bool {
	m.touch(p)
	r := &p.remains
	r.begin(f.Gone)
	for i := range p.dead {
		if at := f.Moved[p.dead[i].ID]; at > p.dead[i].traits.At {
			p.dead[i].moved = true
		}
	}
	pass := map[procscan.ID]bool{}
	for _, d := range p.dead {
		pass[d.ID] = true
	}
	c := p.caseOf(m.now, f)
	for _, j := range succession.Judge(c) {
		pass[j.ID] = !j.Carries()
		r.take(j)
	}
	if r.undecided != 0 {
		r.open = c.Candidates
	}
	if len(p.dead) == 0 {
		r.found = nil
	}
	return func(q procscan.Process) bool { return pass[q.ID] }
}

func undecidedWords(j succession.Judgement) string { return fmt.Sprintf("pid %d: %s", j.PID, j.Proof) }

// endJudgement is where the outage ends. What is still undecided is judged by what is known
// now, and one that is not decided then does not serve: it is let be until it does.
func (m *Machine) endJudgement(p *process) {
	r := &p.remains
	if len(r.open) > 0 && len(p.dead) > 0 {
		c := p.caseOf(m.now, Finding{})
		c.Candidates = r.open
		for _, j := range succession.Judge(c) {
			if j.Verdict == succession.Undecided {
				j.Verdict = succession.LetBe
			}
			if !j.Carries() {
				r.keeps(savedRemains{ID: j.ID, Verdict: j.Verdict, Killed: j.Killed, Held: j.Holds, Shares: j.Shares})
			}
		}
	}
	r.begin(nil)
}

// caseOf is what the judgement of a process goes by.
func (p *process) caseOf(now time.Duration, f Finding) succession.Case {
	known := p.known()
	c := succession.Case{
		Named: map[int]bool{}, Now: now, Young: p.spec.Restart.StartTimeout.D(), Begun: p.begun, Patience: causeWait,
	}
	for _, pid := range []int{f.Selection.Hint, f.Unit.MainPID} {
		c.Named[pid] = pid != 0
	}
	c.Dead = p.deaths()
	for _, t := range p.traits {
		c.Served = append(c.Served, t.Serves...)
	}
	for _, q := range f.Selection.Matching {
		if known[q.ID] {
			continue
		}
		got, kept := f.Traits[q.ID], p.remains.kept[q.ID]
		if len(p.dead) == 0 && kept.Verdict == "" {
			continue
		}
		c.Candidates = append(c.Candidates, succession.Candidate{
			Process: q, Has: got.Traits, Parent: got.Parent, Clients: got.Clients,
			Apart: p.remains.apart[q.ID], Was: kept.Verdict, Killed: kept.Killed, Held: kept.Held, Shared: kept.Shares,
		})
	}
	for _, h := range f.Holders {
		if !known[h.ID] {
			c.Candidates = append(c.Candidates, succession.Candidate{Process: h.Process, Has: h.Traits, Parent: h.Parent, Outside: true})
		}
	}
	return c
}

// deaths is what the judgement goes by of the dead.
func (p *process) deaths() []succession.Dead {
	var out []succession.Dead
	for _, d := range p.dead {
		out = append(out, succession.Dead{ID: d.ID, Had: d.had(), End: d.end(), At: d.at, Moved: d.moved})
	}
	return out
}

// had is what is known of a dead one.
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

// known is what is tracked, and what is dead.
func (p *process) known() map[procscan.ID]bool {
	if len(p.dead)+len(p.remains.kept) == 0 {
		return nil
	}
	out := make(map[procscan.ID]bool, len(p.tracked)+len(p.dead))
	for id := range p.tracked {
		out[id] = true
	}
	for _, d := range p.dead {
		out[d.ID] = true
	}
	return out
}

// places is where the dead have served.
func (p *process) places() []succession.Socket {
	var out []succession.Socket
	for _, d := range p.dead {
		out = append(out, d.traits.Serves...)
	}
	return out
}

// toEnd is what a restart ends of what was left over: nothing but proven workers, as the
// policy says.
func (p *process) toEnd(how restart.Orphans) []procscan.ID {
	var out []procscan.ID
	for _, j := range p.remains.found {
		if j.Verdict == succession.LeftOver && how.Ends(j.Killed, j.Shares) {
			out = append(out, j.ID)
		}
	}
	return out
}

// orphansAtStop is the policy for what was left over where the process itself is stopped:
// its workers are stopped with it.
func (p *process) orphansAtStop() restart.Orphans {
	if p.spec.Restart.Orphans == restart.LeaveOrphans {
		return restart.LeaveOrphans
	}
	return restart.KillOrphans
}

// beginRestart notes that what is started from now on is by a restart.
func (p *process) beginRestart(now time.Duration) {
	if p.script = now; p.begun == 0 {
		p.begun = now
	}
}

// undecided looks again, for a bounded time, while there is one that may yet come to serve.
func (m *Machine) undecided(p *process) bool {
	if m.now >= p.remains.undecided {
		return false
	}
	m.lookSoon(p)
	p.waitsFor = p.remains.why
	return true
}

// sayRemains tells of what a death has left behind.
func (m *Machine) sayRemains(p *process) {
	ends := p.toEnd(p.spec.Restart.Orphans)
	told := map[succession.Verdict][]string{}
	for _, j := range p.remains.found {
		words := j.String()
		switch {
		case j.Verdict != succession.LeftOver || p.enough():
		case !slices.Contains(ends, j.ID):
			words += "; it is left alone"
		case p.spec.Restart.Kill.Never:
			words += "; it is left to the script"
		default:
			words += "; it is ended before a restart"
		}
		told[j.Verdict] = append(told[j.Verdict], words)
	}
	for _, t := range []struct {
		verdict succession.Verdict
		kind    *message.Kind
	}{{succession.LeftOver, message.Orphans}, {succession.LetBe, message.LetBe}, {succession.Stranger, message.Stranger}} {
		if words := told[t.verdict]; len(words) > 0 {
			m.say(t.kind, p, func(s *message.Message) { s.Detail = some(words) })
		}
	}
}

// sayUntold warns of newcomers that are only taken as successors.
func (m *Machine) sayUntold(p *process, news []procscan.Process) {
	for _, q := range news {
		if j := p.remains.carry[q.ID]; j.Verdict == succession.Untold {
			m.say(message.Untold, p, func(s *message.Message) { s.PID, s.Detail = q.PID, j.String() })
		}
	}
}

// some is the first of many sayings.
func some(words []string) string {
	const most = 4
	if n := len(words) - most; n > 0 {
		words = append(slices.Clone(words[:most]), fmt.Sprintf("and %d more", n))
	}
	return strings.Join(words, " | ")
}
