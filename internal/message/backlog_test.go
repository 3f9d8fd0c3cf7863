package message

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// Whatever is sent, nothing of Err and worse is refused, the order is kept, and of what was
// folded the last of each kind and name comes out.
func TestBacklogKeepsWhatMatters(t *testing.T) {
	kinds := []*Kind{Down, GivenUp, Exhausted, Absent, Found, CauseKnown}
	for seed := range uint64(40) {
		luck := rand.New(rand.NewPCG(seed, 5))
		b := backlog{room: 8}
		var want []Message // that wait, of Err and worse
		put := func(n int) {
			m := say(kinds[luck.IntN(len(kinds))], n)
			m.Process, m.Output = fmt.Sprint("p", luck.IntN(12)), strings.Repeat("o", 3*shortOutput)
			grave := m.Severity() <= Err
			switch out := b.put(m); {
			case grave && out == refused:
				t.Fatalf("seed %d: %s was refused", seed, m.Kind.ID)
			case !grave && out == taken && b.ordinary > 8:
				t.Fatalf("seed %d: %d ordinary ones are kept", seed, b.ordinary)
			case grave && out == folded:
				i := lastIndex(want, func(w Message) bool { return subjectOf(w) == subjectOf(m) })
				if i < 0 {
					t.Fatalf("seed %d: folded into nothing", seed)
				}
				want[i] = m
			case grave:
				want = append(want, m)
			}
			if most := 2*8 + 3*12; b.grave > most {
				t.Fatalf("seed %d: %d are kept, and there are no more than %d to be told apart", seed, b.grave, most)
			}
		}
		for n := range 600 {
			if luck.IntN(100) < 60-40*(n/300) {
				put(n)
				continue
			}
			m, ok := b.take()
			if ok != (len(want) > 0) && m.Kind == nil {
				t.Fatalf("seed %d: nothing came, and %d wait", seed, len(want))
			}
			if ok && m.Severity() <= Err {
				if m.Detail != want[0].Detail {
					t.Fatalf("seed %d: %s came before %s", seed, m.Detail, want[0].Detail)
				}
				want = want[1:]
			}
		}
		for b.len() > 0 {
			if m, _ := b.take(); m.Severity() <= Err {
				if m.Detail != want[0].Detail {
					t.Fatalf("seed %d: %s came before %s at the end", seed, m.Detail, want[0].Detail)
				}
				want = want[1:]
			}
		}
		if len(want) > 0 || b.waiting != nil {
			t.Fatalf("seed %d: %d never came", seed, len(want))
		}
	}
}

func lastIndex(of []Message, is func(Message) bool) int {
	for i, m := range slices.Backward(of) {
		if is(m) {
			return i
		}
	}
	return -1
}

// Ten thousand die at once while nobody reads the log: not one death is missing from it.
func TestQueueAfterTheDeathOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memory{fail: errors.New("nobody listens")}
		q := NewQueue(s, "test", queueSize)
		const names = 10_000
		for _, kind := range []*Kind{Down, Restart, RestartFailed, Exhausted, GivenUp, RestartFailed} {
			for i := range names {
				m := say(kind, 1)
				m.Process = fmt.Sprint("p", i)
				q.Send(m)
			}
		}
		s.set(nil)
		time.Sleep(time.Minute)
		if err := q.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for _, line := range s.lines() {
			word, _, _ := strings.Cut(line, ":")
			count[word]++
		}
		for _, kind := range []*Kind{Down, RestartFailed, Exhausted, GivenUp} {
			word, _, _ := strings.Cut(say(kind, 1).Sentence(), ":")
			if count[word] < names {
				t.Errorf("%d of %d are told: %s", count[word], names, word)
			}
		}
		report := s.lines()[slices.IndexFunc(s.lines(), func(l string) bool { return strings.HasPrefix(l, "messages were dropped") })]
		if !strings.Contains(report, "notice") || strings.Contains(report, "alert") || !strings.Contains(report, "10000 of err and worse are told by a later one") {
			t.Error(report)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A message that is too large for the sink is written without the beginning of its output.
func TestQueueShortensWhatIsTooLarge(t *testing.T) {
	s := &memory{}
	q := NewQueue(sinkFunc(func(m Message) error {
		if len(m.Output) > 2*shortOutput {
			return fmt.Errorf("write: %w", unix.EMSGSIZE)
		}
		return s.Write(m)
	}), "test", 8)
	m := say(RestartFailed, 1)
	m.Output = strings.Repeat("o", 10*shortOutput)
	q.Send(m)
	if err := q.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := s.lines(); len(got) != 1 || q.Dropped() != 0 {
		t.Errorf("%q, %d dropped", got, q.Dropped())
	}
}
