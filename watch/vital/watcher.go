package vital

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"procward/procscan"
	"procward/watch"
)

const (
	defaultTick  = time.Second
	shortestTick = 100 * time.Millisecond
)

// Options are those of New. The zero value works except for Tell.
type Options struct {
	// Tell gets what has changed, a batch for each tick, on the goroutine of Run. Nothing is
	// read while it runs, so it must not block, and it must not keep the slice.
	Tell func([]watch.SignChange)
	// Tick is the longest time between two readings, 1 s if it is 0. It is a fifth of the
	// shortest time that any sign must last, if that is less, and at least 100 ms.
	Tick time.Duration
	// Keep is how many descriptors may be kept open, one for each process: reading through
	// an open one takes half the time. For other processes the file is opened at each tick.
	Keep int
	// Hangs, if not nil, is called when a tick takes much longer than it should, and when it
	// is over after all: until then no sign is seen. It is called on a goroutine of its own
	// or that of Run.
	Hangs func(yes bool)
}

// Watcher reads the vital signs of all processes that are attended.
type Watcher struct {
	opts Options
	rd   *reader
	wake chan struct{}

	mu      sync.Mutex // protects what the others see and change
	changes []change

	state   sync.Mutex // protects what Run works on, which Last reads
	targets map[string]*target
	sorted  []*target
	signs   []watch.SignChange
	tick    time.Duration // 0 while nothing is attended
	clock   clock
	read    func(p *proc) // rd.read; tests put another in its place
}

type change struct {
	target string
	round  int
	ids    []procscan.ID
	spec   Spec
	leave  bool
}

// New makes a Watcher of the process table at root, which is /proc except in tests.
func New(root string, opts Options) (*Watcher, error) {
	if opts.Tick <= 0 {
		opts.Tick = defaultTick
	}
	rd, err := newReader(root, max(opts.Keep, 0))
	if err != nil {
		return nil, fmt.Errorf("watch for passive stalls: %w", err)
	}
	return &Watcher{opts: opts, rd: rd, read: rd.read, wake: make(chan struct{}, 1), targets: map[string]*target{}}, nil
}

// Close gives back what New took; Run must have returned.
func (w *Watcher) Close() error {
	w.state.Lock()
	defer w.state.Unlock()
	for _, t := range w.sorted {
		for _, p := range t.procs {
			w.rd.drop(p)
		}
	}
	w.targets, w.sorted = map[string]*target{}, nil
	w.rd.close()
	return nil
}

// Attend watches the processes of a target, in place of the earlier ones. It never
// blocks, and takes effect with the next tick. With the same round and the same spec the
// state of the remaining processes is kept; else all begin again.
func (w *Watcher) Attend(target string, round int, ids []procscan.ID, spec Spec) {
	w.ask(change{target: target, round: round, ids: slices.Clone(ids), spec: spec})
}

// Unattend ends that. What was reported before may still be on its way.
func (w *Watcher) Unattend(target string) { w.ask(change{target: target, leave: true}) }

func (w *Watcher) ask(o change) {
	w.mu.Lock()
	w.changes = append(w.changes, o)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default: // it will look
	}
}

// obey carries out what was ordered.
func (w *Watcher) obey() {
	w.mu.Lock()
	orders := w.changes
	w.changes = nil
	w.mu.Unlock()
	if len(orders) == 0 {
		return
	}
	w.state.Lock()
	defer w.state.Unlock()
	for _, o := range orders {
		w.carry(o)
	}
	w.sorted, w.tick = w.sorted[:0], 0
	for _, t := range w.targets {
		w.sorted = append(w.sorted, t)
		if tick := t.plan.tick(w.opts.Tick); w.tick == 0 || tick < w.tick {
			w.tick = tick
		}
	}
	slices.SortFunc(w.sorted, byName)
}

func (w *Watcher) carry(o change) {
	old := w.targets[o.target]
	plan := compile(o.spec)
	if o.leave || len(plan.items) == 0 || len(o.ids) == 0 {
		w.dismiss(old, nil)
		delete(w.targets, o.target)
		return
	}
	t := newTarget(o, plan)
	if old != nil && old.round == o.round && reflect.DeepEqual(old.spec, o.spec) {
		t = old
	}
	procs := make([]*proc, 0, len(o.ids))
	for _, id := range o.ids {
		p := t.find(id)
		if p == nil {
			p = &proc{id: id, keep: -1, life: newLife(t.plan)}
		}
		procs = append(procs, p)
	}
	w.dismiss(old, procs)
	t.procs, t.dirty = procs, true
	w.targets[o.target] = t
}

// dismiss closes what is kept for the processes of a target that do not stay.
func (w *Watcher) dismiss(t *target, stay []*proc) {
	if t == nil {
		return
	}
	for _, p := range t.procs {
		if !slices.Contains(stay, p) {
			w.rd.drop(p)
		}
	}
}

// Last is what was last read of a target's processes, in lines of text for the evidence.
func (w *Watcher) Last(target string) []string {
	w.state.Lock()
	defer w.state.Unlock()
	t := w.targets[target]
	if t == nil {
		return nil
	}
	var lines []string
	for _, p := range t.procs {
		lines = append(lines, p.lines(w.clock.now)...)
	}
	return lines
}
