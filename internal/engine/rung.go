package engine

import (
	"procward/escalate"
	"procward/internal/message"
	"procward/internal/script"
)

// act carries out a rung.
func (m *Machine) act(l *ladder, d escalate.Decision) {
	name := d.Rung.Name()
	if d.Rung.OS() {
		m.endMachine(l, name)
		return
	}
	m.sayLadder(message.RungAsked, l, func(s *message.Message) {
		s.Rung, s.Attempt = name, d.Attempt
	})
	switch r := d.Rung; {
	case r.RestartGroup != nil, r.StopGroup != nil:
		op := &operation{group: l.group, ladder: l.key, stopOnly: r.StopGroup != nil}
		if l.monitor != "" {
			m.actOnTarget(l, op)
			return
		}
		if l.group == "" {
			op.members = []string{l.process}
		}
		m.beginOp(op)
	case r.Hook != nil:
		m.runHook(l, d)
	case r.StopDaemon != nil:
		code := escalate.DefaultExitCode
		if r.StopDaemon.ExitCode != nil {
			code = *r.StopDaemon.ExitCode
		}
		m.do(Exit{Code: code})
		m.climb(l, escalate.Done)
	}
}

func (m *Machine) runHook(l *ladder, d escalate.Decision) {
	h, p := d.Rung.Hook, m.worst(l)
	var env map[string]string
	switch mon := m.monitors[l.monitor]; {
	case mon != nil:
		env = m.monitorEnvironment(mon, h.Env)
	case p != nil:
		env = m.environment(p, h.Env, "hook")
	default:
		m.climb(l, escalate.Failed)
		return
	}
	l.hook = m.newToken(job{ladder: l.key, path: h.Run[0], asked: m.now, until: m.now + h.Timeout.D()})
	m.do(Run{Token: l.hook, Job: script.Job{
		Argv: h.Run, User: h.User, Env: env, Timeout: h.Timeout.D(), Persist: true,
	}, Event: m.hookEvent(l, d)})
}

// worst is the process that a hook is told of: the first that is not up.
func (m *Machine) worst(l *ladder) *process {
	all := m.climbers(l)
	for _, p := range all {
		if p.state == Climbing {
			return p
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return nil
}

// hookEnded reads the exit code of a hook.
func (m *Machine) hookEnded(l *ladder, out outcome) {
	switch {
	case out.missed:
		m.sayRungFailed(l, "the hook "+out.words+": what it decided is not known", "")
		m.climb(l, escalate.Failed)
	case out.ok && out.code == escalate.HandedOver:
		l.said = out.output
		m.climb(l, escalate.TakenOver)
	case out.code == escalate.NextRung:
		m.sayLadder(message.RungPassed, l, func(s *message.Message) {
			s.Rung, s.Detail, s.Output = m.rungName(l), "the hook asks for the next rung", out.output
		})
		m.climb(l, escalate.Skipped)
	default:
		m.sayRungFailed(l, "hook "+out.words, out.output)
		m.climb(l, escalate.Failed)
	}
}

func (m *Machine) sayRungFailed(l *ladder, detail, output string) {
	m.sayLadder(message.RungFailed, l, func(s *message.Message) {
		s.Rung, s.Detail, s.Output = m.rungName(l), detail, output
	})
}
