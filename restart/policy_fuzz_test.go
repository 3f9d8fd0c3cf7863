package restart

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// FuzzNext lets bytes be a policy and the history of one process, and holds of it: never
// more than attempts within any window, Exhaust once per outage and only when none is left
// or more are useless, no Wait in the past or beyond the longest pause, no growth, and
// that Next is a function: same input, same output, its argument as before.
func FuzzNext(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{3, 1, 2, 1, 0, 0, 10, 1, 2, 10, 1, 2, 10, 1, 2, 10, 1, 2})
	f.Add([]byte{0x83, 7, 0, 1, 0, 0, 1, 1, 5, 2, 1, 1, 1, 1, 2, 3, 0, 4, 0, 1})
	f.Add([]byte{0xff, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 6, 1, 0, 0, 6, 40, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newPlay(t, data[:min(len(data), 2048)])
		for len(h.data) > 0 {
			h.step()
		}
	})
}

// play is one history under test.
type play struct {
	t    *testing.T
	data []byte
	spec Spec
	h    History
	now  time.Duration
	ran  []time.Duration // of the window, since attempts were last given back
	told bool            // exhausted, in this outage
}

func newPlay(t *testing.T, data []byte) *play {
	p := &play{t: t, data: data, now: time.Hour}
	p.spec = p.policy()
	return p
}

func (p *play) byte() byte {
	if len(p.data) == 0 {
		return 0
	}
	b := p.data[0]
	p.data = p.data[1:]
	return b
}

// policy is a valid one made of bytes.
func (p *play) policy() Spec {
	s := DefaultSpec()
	b := p.byte()
	s.Attempts, s.When = scalar.AtMost(int(b%5)), []When{Always, Abnormal}[b>>7]
	if b&0x40 != 0 {
		s.Attempts = scalar.Unlimited
	}
	s.Window = sec(time.Duration(1+int(p.byte())) * time.Minute)
	s.Delay = sec(time.Duration(p.byte()%8) * 5 * time.Second)
	b = p.byte()
	s.Backoff = Backoff{Initial: sec(time.Duration(b%4) * time.Second), Factor: 1 + float64(b>>6), Jitter: float64(b>>2%4) / 3}
	s.Backoff.Max = s.Backoff.Initial + sec(time.Duration(p.byte())*time.Second)
	s.Run = []string{"/bin/true"}
	if err := s.Validate(); err != nil {
		p.t.Fatalf("the test makes a bad policy: %v", err)
	}
	return s
}

// step lets time pass, and one thing happen.
func (p *play) step() {
	b := p.byte()
	p.now += time.Duration(b>>4) * time.Duration(b>>4) * 10 * time.Second
	if b%16 == 7 {
		p.spec = p.policy() // a reload
		return
	}
	p.input(Input(b%16%6), watch.Cause{Known: b&16 != 0, Code: int(b >> 5 & 1)}, float64(b>>4)/15)
}

func (p *play) input(in Input, cause watch.Cause, luck float64) {
	before := copyOf(p.h)
	h, d := p.spec.Next(p.h, in, cause, p.now, luck)
	if !reflect.DeepEqual(p.h, before) {
		p.t.Fatalf("Next changed its argument from %+v to %+v", before, p.h)
	}
	if h2, d2 := p.spec.Next(before, in, cause, p.now, luck); d2 != d || !same(h, h2) {
		p.t.Fatalf("the same input gave %+v %+v and %+v %+v", h, d, h2, d2)
	}
	p.ran = slices.DeleteFunc(p.ran, func(at time.Duration) bool { return p.now-at >= p.spec.Window.D() })
	p.check(in, cause, d, h)
	if in == Recovered || in == GiveBack {
		p.told = false
	}
	if in == GiveBack {
		p.ran = nil
	}
	p.h = h
}

func copyOf(h History) History {
	h.Spent = append([]time.Duration(nil), h.Spent...)
	return h
}

func (p *play) check(in Input, cause watch.Cause, d Decision, h History) {
	left := p.spec.Attempts.Allows(p.spec.Used(p.h, p.now))
	switch d.Action {
	case Run:
		p.ran = append(p.ran, p.now)
		if in != Due || !left || h.Tries != p.h.Tries+1 || !h.Outage {
			p.t.Fatalf("input %d ran an attempt: %+v after %+v", in, d, p.h)
		}
		p.checkWindow()
	case Exhaust:
		if p.told || left && in != Skip {
			p.t.Fatalf("exhausted on input %d, told before: %v, history %+v", in, p.told, p.h)
		}
		p.told = true
	case Wait:
		_, longest := p.spec.PauseRange(h.Tries + 1)
		if !left || p.told || d.At < p.now || d.At > p.now+longest {
			p.t.Fatalf("waits from %v to %v: %+v after %+v", p.now, d.At, d, p.h)
		}
	case CleanStop:
		if p.spec.When != Abnormal || in != Down || !cause.Clean() {
			p.t.Fatalf("input %d, %v, under %q is taken for a clean end", in, cause, p.spec.When)
		}
	case Nothing:
		if (in == Failed || in == Down || in == Due || in == Skip) && !p.told {
			p.t.Fatalf("input %d leads nowhere, and exhaustion was not told: %+v", in, p.h)
		}
	}
	if n := len(h.Spent); n > keep+1 || !p.spec.Attempts.Unlimited && n > max(p.spec.Attempts.N, len(p.h.Spent)) {
		p.t.Fatalf("%d attempts are remembered", n)
	}
}

// checkWindow counts the attempts of the window that ends now. What a shorter window has
// forgotten stays forgotten when a reload makes it longer.
func (p *play) checkWindow() {
	if n := len(p.ran); !p.spec.Attempts.Allows(n - 1) {
		p.t.Fatalf("%d attempts within %v: %v", n, p.spec.Window, p.ran)
	}
}
