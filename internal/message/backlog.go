package message

// backlog is the messages that wait for a sink, oldest first, in bounded memory. Of those
// that are no worse than Warning there are at most room, and the last quarter of it is for
// Warning. Those of Err and worse are always taken. Once there are more than twice room of
// them, one that says again of a name what is waiting already takes the place of the
// earlier one: the last of each kind and name remains, so what is kept beyond that is
// bounded by the names of the configuration.
type backlog struct {
	room     int
	waiting  []*slot // nil where one was taken: up to head
	head     int
	ordinary int
	grave    int
	last     map[subject]*slot // of the grave ones, once they are many
}

type slot struct{ message Message }

// subject is what two messages have in common of which the later may stand for both.
type subject struct {
	kind                                 *Kind
	process, group, monitor, rung, probe string
}

func subjectOf(m Message) subject {
	return subject{m.Kind, m.Process, m.Group, m.Monitor, m.Rung, m.Probe}
}

// outcome is what became of a message that was put.
type outcome int

const (
	taken   outcome = iota
	folded          // it took the place of an earlier one
	refused         // there is no room for it
)

func (b *backlog) len() int { return b.ordinary + b.grave }

// shortOutput is how much of the output of scripts is kept while there are many messages.
const shortOutput = 1 << 10

func (b *backlog) put(m Message) outcome {
	if m.Severity() > Err {
		return b.putOrdinary(m)
	}
	about := subjectOf(m)
	if b.grave >= 2*b.room {
		m.Output = tail(m.Output, shortOutput)
		b.index()
		if earlier := b.last[about]; earlier != nil {
			earlier.message = m
			return folded
		}
	}
	b.grave++
	if s := b.append(m); b.last != nil {
		b.last[about] = s
	}
	return taken
}

func (b *backlog) putOrdinary(m Message) outcome {
	room := b.room
	if m.Severity() > Warning {
		room -= b.room / 4
	}
	if b.ordinary >= room {
		return refused
	}
	b.ordinary++
	b.append(m)
	return taken
}

func (b *backlog) append(m Message) *slot {
	s := &slot{m}
	b.waiting = append(b.waiting, s)
	return s
}

// index makes last, once, and lets the long outputs go.
func (b *backlog) index() {
	if b.last != nil {
		return
	}
	b.last = map[subject]*slot{}
	for _, s := range b.waiting[b.head:] {
		if s.message.Severity() <= Err {
			s.message.Output = tail(s.message.Output, shortOutput)
			b.last[subjectOf(s.message)] = s
		}
	}
}

// take gives the oldest message.
func (b *backlog) take() (Message, bool) {
	if b.len() == 0 {
		return Message{}, false
	}
	s := b.waiting[b.head]
	b.waiting[b.head] = nil
	b.head++
	if s.message.Severity() > Err {
		b.ordinary--
	} else {
		b.grave--
		if about := subjectOf(s.message); b.last[about] == s {
			delete(b.last, about)
		}
	}
	b.tidy()
	return s.message, true
}

// tidy gives back the memory of what has been taken.
func (b *backlog) tidy() {
	if b.len() == 0 {
		b.waiting, b.head, b.last = nil, 0, nil
		return
	}
	if b.grave < b.room {
		b.last = nil
	}
	if b.head > len(b.waiting)/2 && b.head > 64 {
		b.waiting, b.head = append([]*slot(nil), b.waiting[b.head:]...), 0
	}
}
