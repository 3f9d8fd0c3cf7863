package engine_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	. "procward/internal/engine"
	"procward/internal/rehearse"
	"procward/internal/script"
)

// histories is how many are played; PROCWARD_HISTORIES says otherwise.
func histories() int {
	if n, err := strconv.Atoi(os.Getenv("PROCWARD_HISTORIES")); err == nil {
		return n
	}
	return 200
}

// TestHistories plays histories by luck, with faults of every kind: deaths, stalls, what
// cannot be killed, units in the operator's hands, scripts and hooks that fail, looks that
// fail or are slow, evidence that takes its time, reloads, suspensions, the operator's
// commands, writes that were not made, and the death of the daemon before any effect. After
// each step holds what invariants says, and what FuzzStalls says. The seed is the name of a
// history that fails; PROCWARD_SEED begins with another than 1.
func TestHistories(t *testing.T) {
	seed := uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("PROCWARD_SEED"), 10, 64); err == nil {
		seed = n
	}
	for i := range histories() {
		t.Run(fmt.Sprint("seed ", seed+uint64(i)), func(t *testing.T) { wild(t, seed+uint64(i)).run() })
		if t.Failed() {
			return
		}
	}
}

// wild is a play in which nothing can be relied on.
func wild(t testing.TB, seed uint64) *play {
	luck := rand.New(rand.NewPCG(seed, 3))
	data := make([]byte, 4+luck.IntN(60))
	for i := range data {
		data[i] = byte(luck.Uint32())
	}
	p := newPlay(t, data)
	p.check = nil                                                              // of a restart that a dead daemon has told of the next one may tell again: what is spent counts
	once := func(in int) bool { return len(p.data) > 0 && luck.IntN(in) == 0 } // in the end all is well
	p.Lose = func() bool { return once(3) }
	p.Dies = func(Effect) bool { return !p.Config.Daemon.Observe && once(40) }
	for path, good := range p.Scripts {
		p.Scripts[path] = func(env map[string]string) rehearse.Script {
			s := good(env)
			switch {
			case once(4):
				s.After, s.Result = nil, script.Result{Code: 1 + luck.IntN(3)}
			case once(6):
				s.Takes = time.Duration(luck.IntN(20)) * time.Second
			case path == "/hook" && once(2):
				s.Result.Code = []int{0, 1, 75}[luck.IntN(3)]
			}
			return s
		}
	}
	p.stepped = func() {
		p.LookErr, p.LookTakes = nil, time.Millisecond
		switch {
		case once(10):
			p.LookErr = errors.New("the look failed")
		case once(10):
			p.LookTakes = time.Duration(luck.IntN(3000)) * time.Millisecond
		}
		if why := cmp.Or(Invariants(p.Machine), Overspent(p.Machine)); why != "" {
			t.Fatalf("%s:\n%s", why, p.story())
		}
	}
	return p
}
