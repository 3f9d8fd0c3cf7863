package message

// backlog holds the messages that wait for a sink, oldest first, in limited memory. It
// holds at most room messages of Warning and below, and the last quarter of room is for
// Warning only. Messages of Err and worse are always taken. If there are more than twice
// room of these, a message about a name takes the place of an earlier one of the same
// kind and name: the last of each kind and name remains, so the number is limited by the
// names of the configuration.
type backlog struct {
	room     int
	waiting  []*slot // nil: already taken, up to head
	head     int
	ordinary int
	grave    int
	last     map[subject]*slot // of the grave ones, used when they are many
}

type slot struct{ message Message }

// subject is what two messages have in common if the later one can stand for both.
type subject struct {
	kind                                 *Kind
	process, group, monitor, rung, probe string
}

func subjectOf(m Message) subject {
	return subject{m.Kind, m.Process, m.Group, m.Monitor, m.Rung, m.Probe}
}

// outcome is what happened with a message that was put.
type outcome int

const (
	taken   outcome = iota
	folded          // it took the place of an earlier one
	refused         // there is no room for it
)

func (b *backlog) len() int { return b.ordinary + b.grave }

// shortOutput is how much of the output of scripts is kept while many messages wait.
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

// index makes last, once, and shortens long outputs.
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

// tidy frees the memory of messages that were taken.
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
