package engine

import (
	"fmt"

	"procward/internal/message"
	"procward/procscan"
)

// sayRival warns once that the parent of a process restarts it as well.
func (m *Machine) sayRival(p *process, q procscan.Process, f Finding) {
	up, is := f.Supervisors[q.PPID]
	key := [2]string{p.name, up.Comm}
	if !is || m.rivals[key] {
		return
	}
	if m.rivals == nil {
		m.rivals = map[[2]string]bool{}
	}
	m.rivals[key] = true
	m.say(message.Rival, p, func(s *message.Message) {
		s.PID = q.PID
		s.Detail = fmt.Sprintf("it is a child of %s (pid %d, of %s), so that two restarters fight", up.Comm, up.PID, up.Of)
	})
}
