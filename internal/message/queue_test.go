package message

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// sinkFunc is a sink made of a function.
type sinkFunc func(Message) error

func (f sinkFunc) Write(m Message) error { return f(m) }

// memory keeps what is written to it, and fails while fail is set.
type memory struct {
	mu    sync.Mutex
	got   []string
	tries int
	fail  error
}

func (s *memory) Write(m Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.fail != nil {
		return s.fail
	}
	s.got = append(s.got, m.Sentence())
	return nil
}

func (s *memory) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *memory) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.got...)
}

func say(k *Kind, n int) Message {
	return Message{Kind: k, Time: time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC), Detail: fmt.Sprint(n)}
}

func TestQueueKeepsOrderOverFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memory{fail: errors.New("nobody listens")}
		q := NewQueue(s, "test", 16)
		for i := range 10 {
			q.Send(say(Found, i))
		}
		begin := time.Now()
		time.Sleep(time.Minute)
		synctest.Wait()
		// 0.1+0.2+…+3.2 s are 7 tries, then one each 5 s.
		if s.tries < 15 || s.tries > 20 {
			t.Errorf("%d tries in %v", s.tries, time.Since(begin))
		}
		s.set(nil)
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		want := "found: 0,found: 1,found: 2,found: 3,found: 4,found: 5,found: 6,found: 7,found: 8,found: 9"
		if got := strings.Join(s.lines(), ","); got != want {
			t.Errorf("got %s", got)
		}
		if time.Since(begin) > time.Minute+lastRetry {
			t.Errorf("written only after %v", time.Since(begin))
		}
		if q.Dropped() != 0 {
			t.Errorf("%d dropped", q.Dropped())
		}
	})
}

func TestQueueDropsAndReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memory{fail: errors.New("nobody listens")}
		q := NewQueue(s, "test", 8)
		q.Send(say(Found, 0))
		synctest.Wait() // the goroutine holds this one and tries
		for i := 1; i <= 10; i++ {
			q.Send(say(Found, i)) // 1 to 6 fit below the reserve
		}
		for i := 11; i <= 14; i++ {
			q.Send(say(Absent, i)) // 11, 12 fill the reserve
		}
		q.Send(say(Down, 15)) // always
		if q.Dropped() != 6 {
			t.Errorf("%d dropped, want 6", q.Dropped())
		}
		s.set(nil)
		time.Sleep(lastRetry)
		synctest.Wait()
		want := []string{
			"found: 0", "found: 1", "found: 2", "found: 3", "found: 4", "found: 5",
			"messages were dropped: test: 6 (2 warning, 4 notice) from 2026-01-01T00:00:07.000000Z to 2026-01-01T00:00:14.000000Z",
			"found: 6", "absent: no process matches: 11", "absent: no process matches: 12", "down: 15",
		}
		if got := s.lines(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
		q.Send(say(Found, 20))
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if got := s.lines(); len(got) != len(want)+1 || got[len(want)] != "found: 20" {
			t.Errorf("after the report: %q", got[len(want):])
		}
		if q.Dropped() != 6 {
			t.Errorf("%d dropped, want 6 still", q.Dropped())
		}
	})
}

// Some messages make a sink panic, or are too large for it; the others come through.
func TestQueueContainsAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memory{}
		q := NewQueue(sinkFunc(func(m Message) error {
			switch m.Detail {
			case "1":
				panic("no such thing")
			case "2":
				return fmt.Errorf("write: %w", unix.EMSGSIZE)
			}
			return s.Write(m)
		}), "test", 8)
		for i := range 4 {
			q.Send(say(Found, i))
		}
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		got := strings.Join(s.lines(), ",")
		if !strings.Contains(got, "found: 0,") || !strings.Contains(got, "found: 3") || strings.Count(got, "messages were dropped: test: 1 (1 notice)") != 2 {
			t.Errorf("got %s", got)
		}
		if q.Dropped() != 2 {
			t.Errorf("%d dropped, want 2", q.Dropped())
		}
	})
}

// A sink that always panics must not make reports of reports.
func TestQueueEndsWithASinkThatAlwaysPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		q := NewQueue(sinkFunc(func(Message) error { calls++; panic("always") }), "test", 8)
		q.Send(say(Found, 1))
		synctest.Wait()
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if calls != 2 || q.Dropped() != 1 {
			t.Errorf("%d calls, want the message and its report; %d dropped", calls, q.Dropped())
		}
	})
}

func TestQueueCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memory{fail: errors.New("nobody listens")}
		q := NewQueue(s, "test", 8)
		for i := range 3 {
			q.Send(say(Found, i))
		}
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := q.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "test") {
			t.Errorf("got %v", err)
		}
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("took %v", d)
		}
		q.Send(say(Down, 9))
		synctest.Wait()
		if q.Dropped() != 4 {
			t.Errorf("%d dropped, want 4", q.Dropped())
		}
		if err := q.Close(ctx); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}

// While a write hangs nobody who sends waits, and at the end every message is either
// written or counted.
func TestQueueNeverDelaysSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		s := &memory{}
		slow := NewQueue(sinkFunc(func(m Message) error { <-hang; return s.Write(m) }), "slow", 64)
		fast := &memory{}
		log := NewLog(slow, NewQueue(fast, "fast", 4096))
		begin := time.Now()
		var senders sync.WaitGroup
		for range 4 {
			senders.Go(func() {
				for i := range 500 {
					log.Send(say(Found, i))
				}
			})
		}
		senders.Wait()
		if time.Since(begin) != 0 {
			t.Errorf("sending took %v", time.Since(begin))
		}
		synctest.Wait()
		if n := len(fast.lines()); n != 2000 {
			t.Errorf("the other sink got %d of 2000", n)
		}
		close(hang)
		if err := log.Close(t.Context()); err != nil {
			t.Error(err)
		}
		written, reports := 0, 0
		for _, l := range s.lines() {
			if strings.HasPrefix(l, "messages were dropped: slow:") {
				reports++
				continue
			}
			written++
		}
		lost := log.Dropped()
		if written+int(lost["slow"]) != 2000 || reports != 1 || len(lost) != 1 {
			t.Errorf("%d written, %d reports, lost %v", written, reports, lost)
		}
	})
}

func TestLogStampsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got time.Time
		log := NewLog(NewQueue(sinkFunc(func(m Message) error { got = m.Time; return nil }), "test", 4))
		sent := time.Now()
		log.Send(Message{Kind: Found})
		time.Sleep(time.Second)
		if err := log.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if !got.Equal(sent) {
			t.Errorf("stamped %v, sent %v", got, sent)
		}
		if names := log.Names(); len(names) != 1 || names[0] != "test" {
			t.Errorf("names %q", names)
		}
	})
}

type closing struct {
	memory
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestQueueClosesItsSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &closing{}
		q := NewQueue(s, "test", 4)
		if err := q.Close(t.Context()); err != nil || !s.closed {
			t.Errorf("closed %v, %v", s.closed, err)
		}
	})
}
