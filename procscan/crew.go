package procscan

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

var (
	errHangs     = errors.New("the read hangs")
	errHangsMany = errors.New("not tried: too many reads hang already")
)

// maxHangs is how many blocked reads of exe or cmdline may be left behind, and how many
// other tasks in addition; each holds a thread.
const maxHangs = 8

// task is a read or lookup that may block for ever: of which process, and what.
type task struct {
	id   ID
	what string
}

// crew does the items of a job one after the other on one goroutine, the worker. If the
// worker gets stuck in a task it is left behind, and a new worker continues with the same
// item; that task is then refused. If nothing hangs this costs one goroutine for the
// whole job and two uncontended locks for each task.
type crew struct {
	budget time.Duration // about how long one job may be delayed by what hangs, in all
	hire   func() *worker
	idle   *worker

	mu      sync.Mutex
	hangs   map[task]struct{} // what the workers left behind are blocked in
	hanging atomic.Int32      // how many
}

// worker is everything that one goroutine needs for itself: its tools, and what it found
// in an item.
type worker struct {
	crew    *crew
	subject *subject
	found   finding
	asked   []uint64 // by query: the round in which it last judged a process
	round   uint64
	lookups lookups

	mu    sync.Mutex
	item  int // the item that it works on
	task  task
	steps uint64 // grows with each task and item
	left  bool   // left behind: its results are not wanted any more
	hang  task   // the task it was left in
	done  bool   // has come back from the job
}

// job is a number of items. work does one with the worker's tools; keep stores the
// result, and is not called for a worker that was left behind.
type job struct {
	items      int
	work, keep func(w *worker, item int)
}

// run does the job. The error is the context's.
func (c *crew) run(ctx context.Context, j job) error {
	next, hung := 0, 0
	for next < j.items {
		w := c.worker(next)
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.do(j)
		}()
		if !c.wait(ctx, w, done, max(c.budget>>(hung+1), c.budget/16)) {
			hung++
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		next = w.reached()
	}
	return nil
}

// worker returns the one that came back from the last job, or a new one.
func (c *crew) worker(item int) *worker {
	w := c.idle
	if w == nil {
		w = c.hire()
	}
	c.idle = nil
	w.item, w.done = item, false
	return w
}

// wait waits until the worker is done. It returns false if the worker was left behind,
// because it was in one task for too long or the context has ended.
func (c *crew) wait(ctx context.Context, w *worker, done <-chan struct{}, patience time.Duration) bool {
	const looks = 4
	ticks := time.NewTicker(max(patience/looks, time.Millisecond))
	defer ticks.Stop()
	last, same := uint64(0), 0
	for {
		select {
		case <-done:
			c.idle = w
			return true
		case <-ctx.Done():
			c.leave(w, anyStep)
			return false
		case <-ticks.C:
		}
		now := w.at()
		if now != last {
			last, same = now, 0
			continue
		}
		if same++; same >= looks && c.leave(w, now) {
			return false
		}
	}
}

const anyStep = math.MaxUint64

// leave leaves a worker behind if it is still at the same step.
func (c *crew) leave(w *worker, step uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done || w.steps != step && step != anyStep {
		return false
	}
	w.left = true
	w.hang = w.task
	c.mu.Lock()
	c.hangs[w.hang] = struct{}{}
	c.hanging.Store(int32(len(c.hangs)))
	c.mu.Unlock()
	return true
}

// refuses says why a task must not be tried. If many tasks hang, files that take the lock
// of a process's memory are not tried any more; tasks that take no such lock go on until
// as many again hang.
func (c *crew) refuses(t task) error {
	if c.hanging.Load() == 0 {
		return nil
	}
	most := 2 * maxHangs
	if t.what == whats[ofArgs] || t.what == whats[ofExe] {
		most = maxHangs
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.hangs[t]; ok {
		return errHangs
	}
	if len(c.hangs) >= most {
		return errHangsMany
	}
	return nil
}

// enter is called before every task.
func (w *worker) enter(id ID, what string) error {
	t := task{id, what}
	if err := w.crew.refuses(t); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left {
		return errHangs
	}
	w.task = t
	w.steps++
	return nil
}

// do does the items from the worker's own on.
func (w *worker) do(j job) {
	for item := w.item; item < j.items; item++ {
		j.work(w, item)
		if !w.keep(j, item) {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	if w.left {
		w.crew.mu.Lock()
		delete(w.crew.hangs, w.hang)
		w.crew.hanging.Store(int32(len(w.crew.hangs)))
		w.crew.mu.Unlock()
	}
}

func (w *worker) keep(j job, item int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left {
		return false
	}
	j.keep(w, item)
	w.item = item + 1
	w.steps++
	return true
}

func (w *worker) at() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.steps
}

func (w *worker) reached() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.item
}
