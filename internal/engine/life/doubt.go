package life

import (
	"fmt"

	"procward/internal/message"
	"procward/procscan"
)

// inDoubt reports whether a process that could be the one cannot be read, and was not
// there in this form when all was well: then nothing is done.
func (s *sight) inDoubt() bool {
	for _, u := range s.Selection.Unreadable {
		if !s.unreadable[u.ID] {
			s.doubt(message.Unreadable, fmt.Sprintf("%s of pid %d (%s): %v", u.What, u.PID, u.Comm, u.Err))
			return true
		}
	}
	return false
}

func (s *sight) forgetDoubt() {
	s.unreadable = map[procscan.ID]bool{}
	for _, u := range s.Selection.Unreadable {
		s.unreadable[u.ID] = true
	}
}

// doubt reports that nothing is known, once per outage, and looks again a little later.
func (s *sight) doubt(kind *message.Kind, why string) {
	var of standing
	switch at := s.at.(type) {
	case *unknown:
		of = &looking{}
	case *looking:
		of = at
	case *waiting:
		if !s.Observe {
			of = at
		}
	}
	switch {
	case of != nil:
		s.sayDoubt(kind, why)
		s.enter(&unclear{of})
	case !s.newest.blind && (s.attempt().ready != 0 || s.Awaited()):
		s.sayDoubt(kind, why)
		fallthrough
	default:
		if s.next == 0 || s.next > s.Now+lookLast {
			s.next = s.Now + lookLast
		}
	}
	s.waits, s.newest.blind = why, true
}

// sayDoubt says nothing if kind is nil: the reason why the look shows nothing was
// reported already.
func (s *sight) sayDoubt(kind *message.Kind, why string) {
	if kind != nil {
		s.say(kind, func(m *message.Message) { m.Detail = why + "; nothing is done while in doubt" })
	}
}
