package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

// looked takes the findings of a look.
func (m *Machine) looked(in Looked) {
	if in.Token != m.looking.token {
		return
	}
	delete(m.jobs, in.Token)
	at := m.looking.began
	m.looking.token, m.looking.rest = 0, m.now+min(lookRest*(m.now-at), maxRest)
	for _, name := range sortedKeys(in.Found) {
		switch p := m.procs[name]; {
		case p == nil: // gone with a reload
		case m.looking.of[name].Match != p.spec.Match: // a reload has changed it meanwhile
			m.wantLook(p)
		default:
			m.judge(p, at, in.Found[name])
			m.deliver()
		}
	}
}

// judge takes what a look that began at a time found of one process: who is new, who is
// in doubt.
func (m *Machine) judge(p *process, at time.Duration, f Finding) {
	m.mark(p.key)
	if p.stopped != "" && p.op == nil {
		return // until the operator starts it
	}
	if f.Unasked != "" {
		m.doubt(p, nil, f.Unasked)
		return
	}
	if f.Err != nil {
		m.doubt(p, message.Unreadable, f.Err.Error())
		return
	}
	if len(p.dead) > 0 && !m.looking.of[p.name].Judged { // the look was begun before the death
		m.wantLook(p)
		return
	}
	p.forgive(&f)
	news := m.newcomers(p, f)
	if len(news) > 0 || p.enough() {
		p.forgetDoubt(f)
	}
	m.adopt(p, f, news)
	m.sayUntold(p, news)
	m.sayExcess(p)
	if !p.enough() {
		if at < p.changedAt { // a successor of the last loss may be there since
			m.wantLook(p)
			return
		}
		if m.inDoubt(p, f) {
			return
		}
	}
	p.lookedAt, p.blind = m.now, false
	m.found(p, f, news)
	m.excess(p)
	m.lookedForRungs(p, at)
	m.monitorsLooked(p, at, f)
}

// dropUnmatched untracks what the changed match no longer describes.
func (m *Machine) dropUnmatched(p *process, sel procscan.Selection) {
	p.rematch = false
	for _, id := range p.tracks() {
		if !slices.ContainsFunc(sel.Selected, func(q procscan.Process) bool { return q.ID == id }) {
			m.untrack(p, id)
		}
	}
}

func (m *Machine) untrack(p *process, id procscan.ID) {
	m.stir(p)
	delete(p.tracked, id)
	delete(p.traits, id)
	m.touch(p)
	others := slices.DeleteFunc(slices.Clone(m.trackers[id]), func(n string) bool { return n == p.name })
	if len(others) > 0 {
		m.trackers[id] = others
		return
	}
	delete(m.trackers, id)
	m.do(Untrack{ID: id})
}

// adopt tracks newly found processes.
func (m *Machine) adopt(p *process, f Finding, news []procscan.Process) {
	for _, q := range news {
		m.touch(p)
		p.tracked[q.ID] = q
		if got, ok := f.Traits[q.ID]; ok {
			p.traits[q.ID] = got.Traits
		}
		if len(m.trackers[q.ID]) == 0 {
			m.do(Track{ID: q.ID})
		}
		m.sayShared(p, q)
		m.sayRival(p, q, f)
		m.trackers[q.ID] = append(m.trackers[q.ID], p.name)
	}
	if len(news) > 0 {
		m.stir(p)
		if u := procscan.UnitOf(news[0].Unit); u != "" {
			p.unit = u
		}
	}
}

// sayExcess reports more than count.max, once until it is over.
func (m *Machine) sayExcess(p *process) {
	was := p.excess
	p.excess = p.over() && (was || p.op == nil)
	switch {
	case !p.over():
		p.overSince = 0
	case p.overSince == 0:
		p.overSince = m.now
	}
	p.endured = p.endured && p.over()
	m.touch(p)
	if was || !p.excess {
		return
	}
	m.say(message.Excess, p, func(s *message.Message) {
		s.Detail = fmt.Sprintf("%d match, at most %d are wanted (pids %s)", len(p.tracked), p.spec.Match.Count.Max.N, pids(p.tracks()))
	})
}

// excess restarts what is up in more than count.max, where that is asked for and it lasts.
func (m *Machine) excess(p *process) {
	if !p.over() || p.spec.Excess.Action != confd.ExcessRestart || p.state != Up || p.endured || m.suspends(p) != "" {
		return
	}
	if until := p.overSince + p.spec.Excess.For.D(); m.now < until {
		p.nextLook = min(p.nextLook, until) // count.max is given, so there is one
		return
	}
	if m.observe {
		p.endured = true
		m.touch(p)
		m.sayObserved(p)
		return
	}
	p.event, p.died, p.cause = "count", m.now, watch.Cause{}
	m.plan(p, restart.Down)
}

func pids(ids []procscan.ID) string {
	var b strings.Builder
	for i, id := range ids {
		if i == 20 {
			return b.String() + " …"
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprint(&b, id.PID)
	}
	return b.String()
}
