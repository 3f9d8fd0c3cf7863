package engine

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"procward/internal/script"
	"procward/procscan"
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
	p.memory.lose = func() bool { return once(3) }
	p.memory.die = func(Effect) bool { return !p.cfg.Daemon.Observe && once(40) }
	for path, good := range p.scripts {
		p.scripts[path] = func(env map[string]string) simScript {
			s := good(env)
			switch {
			case once(4):
				s.after, s.result = nil, script.Result{Code: 1 + luck.IntN(3)}
			case once(6):
				s.takes = time.Duration(luck.IntN(20)) * time.Second
			case path == "/hook" && once(2):
				s.result.Code = []int{0, 1, 75}[luck.IntN(3)]
			}
			return s
		}
	}
	p.stepped = func() {
		p.lookErr, p.lookTakes = nil, time.Millisecond
		switch {
		case once(10):
			p.lookErr = errors.New("the look failed")
		case once(10):
			p.lookTakes = time.Duration(luck.IntN(3000)) * time.Millisecond
		}
		if why := cmp.Or(invariants(p.m), overspent(p.m)); why != "" {
			t.Fatalf("%s:\n%s", why, p.story())
		}
	}
	return p
}

// invariants says what of a machine's state contradicts itself after a step, or nothing.
func invariants(m *Machine) string {
	if !slices.Equal(m.names, sortedKeys(m.procs)) || !slices.Equal(m.names, sortedKeys(m.cfg.Processes)) {
		return fmt.Sprintf("the names are %v, the processes %v, the configured ones %v", m.names, sortedKeys(m.procs), sortedKeys(m.cfg.Processes))
	}
	slots := 0
	for token, j := range m.jobs {
		if j.slot {
			slots++
		}
		if j.op != nil && j.process != "" && j.op.Token == token && m.ops[j.op.Key()] != j.op {
			return fmt.Sprintf("job %d belongs to an operation that is over", token)
		}
	}
	if slots != m.running {
		return fmt.Sprintf("%d slots are held, and %d are counted", slots, m.running)
	}
	for id, names := range m.trackers {
		for _, name := range names {
			if p := m.procs[name]; p == nil || !tracks(p, id) {
				return fmt.Sprintf("%v is tracked for %s, which knows nothing of it", id, name)
			}
		}
	}
	for key, op := range m.ops {
		if op.Key() != key {
			return "an operation is under the name of another: " + key
		}
	}
	for _, name := range m.names {
		if why := m.procs[name].contradiction(m); why != "" {
			return name + " " + why
		}
	}
	return ""
}

// overspent says which process has spent more attempts than it has, or nothing. It does not
// hold after a reload that leaves fewer.
func overspent(m *Machine) string {
	for _, name := range m.names {
		p := m.procs[name]
		limit := p.Spec.Restart.Attempts
		if spent := p.Spec.Restart.Used(p.History, m.now); !limit.Unlimited && spent > limit.N {
			return fmt.Sprintf("%s has spent %d attempts of %v", name, spent, limit)
		}
	}
	return ""
}

func tracks(p *process, id procscan.ID) bool { _, is := p.Tracked(id); return is }

func (p *process) contradiction(m *Machine) string {
	for _, id := range p.Tracks() {
		if !slices.Contains(m.trackers[id], p.Name) {
			return fmt.Sprintf("tracks %v, and would not hear of its end", id)
		}
	}
	scripts, trial, saved := 0, p.Trial(), p.Save(m.saveScript)
	for token, j := range m.jobs {
		if j.script && j.process == p.Name && token != trial.Hanging {
			scripts++
		}
	}
	_, has := m.jobs[trial.Token]
	switch {
	case scripts > 1:
		return "has two scripts"
	case trial.Token != 0 && !has:
		return "waits for a job that is over"
	case p.op != nil && m.ops[p.op.Key()] != p.op:
		return "is in the hands of an operation that is over"
	case p.State() == Up && p.Enough() && saved.Outage != nil && saved.Outage.Sure && saved.Outage.Event != "" && saved.Outage.Event != "count" && saved.Outage.Stall == nil:
		return "is up, and its outage goes on: " + saved.Outage.Event
	case p.State() == StoppedBy && saved.Attempt != nil && saved.Attempt.Number > 0:
		return "is stopped, and an attempt goes on"
	}
	return ""
}
