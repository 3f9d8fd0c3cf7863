package vital

import (
	"context"
	"time"

	"procward/internal/ktime"
	"procward/procscan"
)

// Run reads and judges until ctx ends, and then returns nil. Nothing wakes it while
// nothing is attended.
func (w *Watcher) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	hung := time.AfterFunc(time.Hour, func() { w.hangs(true) })
	hung.Stop()
	for {
		w.obey()
		var due <-chan time.Time
		if w.tick > 0 {
			timer.Reset(w.clock.until(ktime.Monotonic(), w.tick))
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
			continue
		case <-due:
			w.obey()
			hung.Reset(hangsAfter)
			w.once(ktime.Monotonic(), procscan.Boottime())
			if !hung.Stop() {
				w.hangs(false)
			}
			w.clock.took = ktime.Monotonic() - w.clock.mono
		}
	}
}

// hangsAfter is how long a tick may take. With 10,000 processes it takes less than a tenth
// of a second.
const hangsAfter = 15 * time.Second

func (w *Watcher) hangs(yes bool) {
	if w.opts.Hangs != nil {
		w.opts.Hangs(yes)
	}
}

// once is one tick.
func (w *Watcher) once(mono, boot time.Duration) {
	w.state.Lock()
	lapsed := w.clock.step(mono, boot, w.tick)
	w.state.Unlock()
	w.rd.begin(mono, w.clock.now)
	for _, t := range w.sorted {
		if lapsed {
			w.each(t, func(p *proc) { p.life.lapse(w.clock.now) })
		}
		changed := false
		for _, p := range t.procs {
			if !p.gone && w.one(p) {
				changed = true
			}
		}
		if changed || t.dirty {
			w.state.Lock()
			w.signs = t.tell(w.signs, w.clock.now, boot)
			w.state.Unlock()
		}
	}
	w.rd.end()
	if len(w.signs) > 0 {
		w.opts.Tell(w.signs)
		clear(w.signs)
		w.signs = w.signs[:0]
	}
}

func (w *Watcher) each(t *target, do func(*proc)) {
	w.state.Lock()
	defer w.state.Unlock()
	for _, p := range t.procs {
		do(p)
	}
}

// one reads and judges one process, and reports whether anything about it has changed. A
// panic concerns only this process: it is unknown from then on.
func (w *Watcher) one(p *proc) (changed bool) {
	w.state.Lock()
	defer w.state.Unlock()
	defer func() {
		if r := recover(); r != nil {
			changed = p.broken(r)
		}
	}()
	w.read(p)
	if p.gone {
		return true
	}
	return p.life.next(&p.r, w.clock.now)
}
