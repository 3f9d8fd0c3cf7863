package operation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"procward/escalate"
	"procward/internal/script"
)

// history is an operation that lives through whatever luck brings. What it asks for is answered
// sooner or later, since the world answers every command; in between anything may happen.
type history struct {
	*play
	luck  *rand.Rand
	owed  []Event // answers to its commands that are still to come
	ended int
	log   []string
}

func newHistory(seed uint64) *history {
	luck := rand.New(rand.NewPCG(seed, 7))
	h := &history{luck: luck}
	h.play = newPlay(func(p *play) {
		if luck.IntN(2) == 0 {
			p.env.Group = escalate.Group{Start: script.Argv{"/start"}, Stop: script.Argv{"/stop"}, StartAttempts: luck.IntN(3)}
		}
		switch luck.IntN(4) {
		case 0:
			p.StopOnly = true
		case 1:
			p.StopOnly, p.By = true, "root"
		case 2:
			p.StartOnly, p.By = true, "root"
		}
	})
	return h
}

// happens tells an event, and notes what has to be answered.
func (h *history) happens(e Event) {
	h.log = append(h.log, fmt.Sprintf("%T%+v in %s", e, e, h.Stands()))
	for _, c := range h.Next(e, h.env) {
		h.log = append(h.log, fmt.Sprintf("  %T%+v", c, c))
		switch c := c.(type) {
		case RunScript:
			h.owed = append(h.owed, ScriptEnded{OK: h.luck.IntN(2) == 0, Words: "exited"})
		case StopUnit:
			h.owed = append(h.owed, UnitStopped{Name: c.Name, Err: h.trouble(), Conflict: h.luck.IntN(4) == 0})
		case Kill:
			h.owed = append(h.owed, Killed{Name: c.Name, Stuck: h.luck.IntN(4) == 0})
		case Look:
			for _, name := range c.Names {
				h.owed = append(h.owed, Looked{name})
			}
		case Start:
			h.change(c.Name, func(w *Member) { w.Ready = true })
			h.owed = append(h.owed, Looked(c), Freed{Name: c.Name}, Late(c))
		case Await:
			h.change(c.Name, func(w *Member) { w.Awaited, w.Ready = true, false })
			h.owed = append(h.owed, Looked(c), Late(c))
		case LookSoon:
			h.owed = append(h.owed, Looked(c))
		case Here:
			h.change(c.Name, func(w *Member) { w.Ready, w.Awaited = false, false })
		case GiveBack:
			delete(h.members, c.Name)
		case End:
			h.ended++
		}
	}
}

func (h *history) trouble() error {
	if h.luck.IntN(3) == 0 {
		return errors.New("timeout")
	}
	return nil
}

func (h *history) change(name string, do func(*Member)) {
	if w, is := h.members[name]; is {
		do(&w)
		h.members[name] = w
	}
}

// answer gives one of the answers that are due.
func (h *history) answer() {
	i := h.luck.IntN(len(h.owed))
	e := h.owed[i]
	h.owed = append(h.owed[:i], h.owed[i+1:]...)
	if late, is := e.(Late); is {
		if !h.members[late.Name].Awaited {
			return // it has been found since
		}
		h.change(late.Name, func(w *Member) { w.Awaited = false })
	}
	h.happens(e)
}

// mishap changes something that the operation has no say in.
func (h *history) mishap() {
	name := h.Members[h.luck.IntN(len(h.Members))]
	switch h.luck.IntN(6) {
	case 0:
		h.env.Suspended = []string{"", "by root"}[h.luck.IntN(2)]
		if h.env.Suspended != "" {
			h.happens(Frozen{})
		}
	case 1:
		delete(h.members, name)
		h.happens(Fewer{})
	default:
		h.change(name, func(w *Member) {
			yes := h.luck.IntN(2) == 0
			for _, fact := range []*bool{&w.Enough, &w.Well, &w.Left, &w.Unit, &w.Startable, &w.KillNever} {
				if h.luck.IntN(3) == 0 {
					*fact = yes
				}
			}
		})
	}
}

func (h *history) run(t *testing.T, seed uint64) {
	h.happens(Begins{})
	for step := 0; len(h.owed) > 0; step++ {
		if step > 1000 {
			t.Fatalf("seed %d: it does not come to an end:\n%s", seed, strings.Join(h.log, "\n"))
		}
		if step < 50 && h.luck.IntN(3) == 0 {
			h.mishap()
		}
		if step == 50 { // all works again
			h.env.Suspended = ""
			h.with(func(w *Member) { w.Well, w.Enough, w.Left = !h.StopOnly, !h.StopOnly, false })
		}
		if len(h.owed) > 0 {
			h.answer()
		}
	}
	if h.ended != 1 {
		t.Fatalf("seed %d: it has ended %d times:\n%s", seed, h.ended, strings.Join(h.log, "\n"))
	}
}

// Whatever happens, an operation ends once, and says nothing after that.
func TestWhateverHappensItEndsOnce(t *testing.T) {
	for seed := range uint64(2000) {
		newHistory(seed).run(t, seed)
	}
}
