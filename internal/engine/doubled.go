package engine

import (
	"fmt"
	"slices"
	"strings"

	"procward/internal/message"
	"procward/procscan"
)

// maxTold is how many processes are told of one by one.
const maxTold = 4

// countAgain looks once more after a restart: somebody else may have started it too.
func (m *Machine) countAgain(p *process) {
	p.counting = true
	m.wantLook(p)
}

// count compares how many roots are there with how many were before the last restart. What
// does not count for the process is left out of sel.
func (m *Machine) count(p *process, f Finding, sel procscan.Selection) {
	roots := sel.Roots()
	was := p.roots
	if len(p.dead) > 0 || !p.enoughOf(roots) {
		return
	}
	if p.roots != len(roots) {
		p.roots = len(roots)
		m.touch(p)
	}
	if !p.counting {
		return
	}
	p.counting = false
	if was > 0 && len(roots) > was {
		m.say(message.Doubled, p, func(s *message.Message) {
			s.PID = roots[len(roots)-1].PID
			s.Detail = fmt.Sprintf("%d, and %d before the restart: %s", len(roots), was, withParents(roots, f))
		})
	}
}

// enoughOf reports whether as many are there as the process is to have.
func (p *process) enoughOf(roots []procscan.Process) bool {
	return len(roots) > 0 && (p.enough() || len(roots) >= p.spec.Match.Count.Min)
}

// withParents is some processes and who has started each, the newest first.
func withParents(roots []procscan.Process, f Finding) string {
	var out []string
	for _, q := range slices.Backward(roots) {
		if len(out) == maxTold {
			out = append(out, "…")
			break
		}
		words := fmt.Sprintf("pid %d (%s), child of pid %d", q.PID, q.Comm, q.PPID)
		if up := f.Traits[q.ID].Parent; up.PID == q.PPID && up.PID != 0 {
			words += " (" + up.Comm + ")"
		}
		out = append(out, words)
	}
	return strings.Join(out, "; ")
}

// sayShared warns once that another name has the same process.
func (m *Machine) sayShared(p *process, q procscan.Process) {
	for _, other := range m.trackers[q.ID] {
		pair := [2]string{min(p.name, other), max(p.name, other)}
		if other == p.name || m.shared[pair] {
			continue
		}
		if m.shared == nil {
			m.shared = map[[2]string]bool{}
		}
		m.shared[pair] = true
		m.say(message.Shared, p, func(s *message.Message) {
			s.PID = q.PID
			s.Detail = fmt.Sprintf("%s and %s both select pid %d (%s)", pair[0], pair[1], q.PID, q.Comm)
		})
	}
}
