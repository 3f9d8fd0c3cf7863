package power

import "time"

// teller reports the steps without ever delaying one.
type teller struct {
	say   func(string, error)
	queue chan said
	ended chan struct{}
}

type said struct {
	step    string
	err     error
	flushed chan<- struct{} // of flush
}

func newTeller(say func(string, error)) *teller {
	t := &teller{say: say, queue: make(chan said, 64), ended: make(chan struct{})}
	go t.run()
	return t
}

func (t *teller) run() {
	defer close(t.ended)
	for s := range t.queue {
		switch {
		case s.flushed != nil:
			close(s.flushed)
		case t.say != nil:
			t.say(s.step, s.err)
		}
	}
}

// tell queues a report, or drops it if nobody listens any more.
func (t *teller) tell(step string, err error) {
	select {
	case t.queue <- said{step: step, err: err}:
	default:
	}
}

// flush waits until everything is reported, for at most a time.
func (t *teller) flush(limit time.Duration) {
	done := make(chan struct{})
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case t.queue <- said{flushed: done}:
	case <-timer.C:
		return
	}
	select {
	case <-done:
	case <-timer.C:
	}
}

// close reports what is queued, and does not wait for that.
func (t *teller) close() { close(t.queue) }
