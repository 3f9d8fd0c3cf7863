package vital

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"procward/internal/hang"
	"procward/internal/procfile"
	"procward/procscan"
)

// rollupPatience is how long a file may take before its reading is unknown. Counting a
// large process takes long, up to seconds.
const rollupPatience = 10 * time.Second

// usualReaders is how many files are read at the same time while all answer: counting
// needs CPU.
const usualReaders = 2

// rollup is one question for the /proc/PID/smaps_rollup of a process.
type rollup struct {
	path  string
	at    time.Duration // on the watcher's clock
	begun atomic.Bool
	done  chan struct{} // closed when the answer below is there

	pss, private int64 // bytes
	err          error
}

// rollups asks. For such a file the kernel takes the memory lock of the process, and this
// may take for ever: so only its own goroutines read one, and nobody waits for them.
type rollups struct {
	root string
	out  map[procscan.ID]*rollup // the last questions, so that a file that hangs is read once

	mu      sync.Mutex
	queue   []*rollup
	readers int
	moved   bool // something left the queue since the last turn
}

// ask returns the question for a process that is already being asked, else a new one. If
// the process is still alive when the answer is used, the answer is about the process
// with this ID.
func (rs *rollups) ask(id procscan.ID, live int, now time.Duration) *rollup {
	if q := rs.out[id]; q != nil && !q.answered() {
		return q
	}
	path := rs.root + "/" + strconv.Itoa(id.PID)
	if live != 0 {
		path += "/task/" + strconv.Itoa(live)
	}
	q := &rollup{path: path + "/smaps_rollup", at: now, done: make(chan struct{})}
	if rs.out == nil {
		rs.out = map[procscan.ID]*rollup{}
	}
	rs.out[id] = q
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.queue = append(rs.queue, q)
	rs.hire(usualReaders)
	return q
}

// turn adds a reader if all hang and others wait for them.
func (rs *rollups) turn() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if !rs.moved {
		rs.hire(hang.Most)
	}
	rs.moved = false
}

// hire starts a reader, which ends when the queue is empty.
func (rs *rollups) hire(most int) {
	if len(rs.queue) > 0 && rs.readers < most {
		rs.readers++
		go rs.read()
	}
}

func (rs *rollups) read() {
	for q := rs.next(); q != nil; q = rs.next() {
		q.begun.Store(true)
		q.pss, q.private, q.err = readRollup(q.path)
		close(q.done)
	}
}

// next is the next question; nil ends the reader.
func (rs *rollups) next() *rollup {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(rs.queue) == 0 {
		rs.readers--
		return nil
	}
	q := rs.queue[0]
	rs.queue, rs.moved = rs.queue[1:], true
	return q
}

// prune forgets what was answered.
func (rs *rollups) prune() {
	for id, q := range rs.out {
		if q.answered() {
			delete(rs.out, id)
		}
	}
}

func (q *rollup) answered() bool {
	select {
	case <-q.done:
		return true
	default:
		return false
	}
}

// late says why there is no answer if it takes too long.
func (q *rollup) late(now time.Duration) error {
	switch {
	case now-q.at < rollupPatience:
		return nil
	case q.begun.Load():
		return hang.ErrHangs
	}
	return hang.ErrMany
}

func readRollup(path string) (pss, private int64, err error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return 0, 0, procscan.ErrGone
		}
		return 0, 0, errors.New("this kernel has no smaps_rollup (CONFIG_PROC_PAGE_MONITOR, Linux 4.14)")
	case err != nil:
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return 0, 0, fmt.Errorf("smaps_rollup: %w", err)
	}
	for _, of := range []struct {
		word string
		into *int64
	}{{"Pss:", &pss}, {"Private_Clean:", &private}, {"Private_Dirty:", &private}} {
		kib, ok := procfile.Line(text, of.word)
		if !ok {
			return 0, 0, procfile.ErrForm
		}
		*of.into += kib << 10
	}
	return pss, private, nil
}

// rolled is what is known of the shares of one process.
type rolled struct {
	asked        *rollup // nil: no question is open
	at           time.Duration
	pss, private int64
	err          error
}

// shares takes the last answer on PSS and private memory, and asks again if it is time.
func (rd *reader) shares(p *proc) error {
	o := &p.rolled
	if o.asked == nil && (o.at == 0 || rd.now-o.at >= p.life.plan.paces[fromRollup]) {
		o.at, o.asked = rd.now, rd.rollups.ask(p.id, p.live, rd.now)
	}
	if o.asked != nil {
		if !o.asked.answered() {
			if err := o.asked.late(rd.now); err != nil {
				o.err = err
			}
		} else {
			o.pss, o.private, o.err = o.asked.pss, o.asked.private, o.asked.err
			o.asked, p.r.rolled = nil, true
		}
	}
	p.r.pss, p.r.private = o.pss, o.private
	return o.err
}
