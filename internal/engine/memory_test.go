package engine

import (
	"encoding/json"
	"maps"
	"reflect"
	"time"

	"procward/internal/script"
	"procward/procscan"
	"procward/watch"
)

// simRun is a script that was started; it outlives the machine.
type simRun struct {
	path  string
	since time.Duration
	id    procscan.ID
	over  bool
	tell  func(script.Result) // who waits for it; nil: nobody
	end   func(script.Result)
}

// memory is what of the machine's state is written, and so outlives it.
type memory struct {
	written map[string]json.RawMessage
	pending map[string]any
	at      Moment
	lose    func() bool       // says whether what need not be written is not, yet
	die     func(Effect) bool // says whether the machine dies before this effect
	dropped map[string]int    // effects that were not carried out any more, by path
	crashes int
}

func moment(s *sim) Moment {
	return Moment{Boot: s.boot(), Uptime: s.uptime(), Wall: time.Unix(1e9, 0).Add(s.now)}
}

// keep takes the changes of a step, and holds that they are all. It gives what follows them.
func (y *memory) keep(s *sim, effects []Effect) []Effect {
	var keep Keep
	if len(effects) > 0 {
		if k, is := effects[0].(Keep); is {
			keep, effects = k, effects[1:]
		}
	}
	y.take(s, keep)
	return effects
}

func (y *memory) take(s *sim, keep Keep) {
	if y.pending == nil {
		y.pending, y.written, y.dropped = map[string]any{}, map[string]json.RawMessage{}, map[string]int{}
	}
	if s.m.observe { // nothing is kept
		return
	}
	maps.Copy(y.pending, keep.Changes)
	if !keep.Must && y.lose != nil && y.lose() {
		return
	}
	y.write(s)
	if whole := s.m.Save(); !reflect.DeepEqual(whole, Saved(y.written)) {
		for key := range whole {
			if string(whole[key]) != string(y.written[key]) {
				s.t.Fatalf("a change of %s was not told:\nis      %s\nwritten %s\n%s", key, whole[key], y.written[key], s.story())
			}
		}
		s.t.Fatalf("what is written is %v, not %v:\n%s", keysOf(y.written), keysOf(whole), s.story())
	}
}

// write writes what is pending.
func (y *memory) write(s *sim) {
	for key, v := range y.pending {
		text, err := json.Marshal(v)
		if err != nil {
			s.t.Fatal(err)
		}
		y.written[key] = text
		if v == nil {
			delete(y.written, key)
		}
	}
	clear(y.pending)
	y.at = moment(s)
}
func keysOf(m map[string]json.RawMessage) []string { return sortedKeys(m) }

// cut lets the machine die before an effect, where that is wanted.
func (y *memory) cut(s *sim, rest []Effect) bool {
	if _, said := rest[0].(Say); said || y.die == nil || !y.die(rest[0]) {
		return false
	}
	for _, e := range rest {
		if r, ok := e.(Run); ok {
			y.dropped[r.Job.Argv[0]]++
		}
	}
	s.rebirth(time.Second, func(m Moment) Moment { return m })
	return true
}

// rebirth throws the machine away, and begins another one a while later from what was
// written. then may change the clocks.
func (s *sim) rebirth(after time.Duration, then func(Moment) Moment) {
	s.life++
	s.memory.crashes++
	s.tracked, s.ends = map[procscan.ID]bool{}, map[int]func(script.Result){}
	for _, r := range s.runs {
		r.tell = nil
	}
	clear(s.memory.pending)
	clear(s.attended)
	clear(s.rests)
	s.unborn = true
	s.m = NewMachine(s.cfg.Daemon.Observe, uint64(s.life)) // does nothing before it is configured
	life := s.life
	s.at(after, func() {
		if s.life != life {
			return
		}
		if err := s.m.Restore(maps.Clone(s.memory.written), s.memory.at, then(moment(s))); err != nil {
			s.t.Fatal(err)
		}
		s.unborn = false
		if s.reborn != nil {
			s.reborn()
		}
		if s.life == life {
			s.begin()
		}
	})
}

// await is the World's Await.
func (s *sim) await(e Await) {
	for _, r := range s.runs {
		if r.over || r.id != e.ID && (e.ID != procscan.ID{} || r.path != e.Path || r.since < e.Since) {
			continue
		}
		if e.ID == (procscan.ID{}) {
			s.later(0, ScriptStarted{Token: e.Token, ID: r.id, At: s.uptime()})
		}
		r.tell = func(script.Result) { s.step(ScriptGone{Token: e.Token, Cause: watch.Cause{}}) }
		s.ends[e.Token] = r.end
		return
	}
	s.later(0, ScriptGone{Token: e.Token})
}
