package engine

// letter is what the world or one room says to a room. Rooms never call each other: a
// letter is posted, and delivered when the sender has returned.
type letter interface{ deliver(m *Machine) }

// mail is the queue of the router. What follows from one letter comes before the letter
// that was posted after it, so that the story of one death is finished before the next
// begins.
type mail struct {
	posted []letter // by the letter that is being delivered, in order
	queue  []letter // the next one is the last
	busy   bool
}

// post puts letters in the queue.
func (m *Machine) post(letters ...letter) { m.mail.posted = append(m.mail.posted, letters...) }

// deliver delivers everything that is posted, and what follows from it. Within a delivery
// it does nothing: what is posted there comes next.
func (m *Machine) deliver() {
	b := &m.mail
	if b.busy {
		return
	}
	b.busy = true
	for b.sort(); len(b.queue) > 0; b.sort() {
		last := len(b.queue) - 1
		l := b.queue[last]
		b.queue[last], b.queue = nil, b.queue[:last]
		l.deliver(m)
	}
	b.busy = false
}

// sort puts what was posted in front of what waits.
func (b *mail) sort() {
	for i := len(b.posted) - 1; i >= 0; i-- {
		b.queue = append(b.queue, b.posted[i])
	}
	clear(b.posted)
	b.posted = b.posted[:0]
}
