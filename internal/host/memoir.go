package host

import (
	"context"
	"maps"
	"sync"
	"time"

	"procward/internal/engine"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/procscan/traits"
)

// memoir reads the traits of tracked processes while they live, and tells the machine
// what is new. It reads each a few times, because a program needs a while until it is
// what it will be, and again when the kernel reports that the process has executed
// another program. After that nothing is read any more.
type memoir struct {
	reader *traits.Reader
	wake   chan struct{}

	mu    sync.Mutex
	of    map[procscan.ID]*page
	pids  map[int]procscan.ID
	due   [len(readings)][]dated // each in order
	ended []dated                // pages of the dead, oldest first
}

// page is what is known of one process.
type page struct {
	told  succession.Traits
	moved time.Duration // when it last executed a program, as far as was reported, or 0
	round int           // of its readings
	over  bool          // it is not tracked any more
}

// dated is a reading of a process that is due at a time.
type dated struct {
	procscan.ID
	at    time.Duration
	round int // it counts only if no other round was begun since
}

// readings are the times at which a process is read, counted from when it was tracked or
// reported to have executed a program. A process that is old when it is found is read
// once.
var readings = [...]time.Duration{0, 200 * time.Millisecond, time.Second, 5 * time.Second, 30 * time.Second, 5 * time.Minute}

const (
	longUp = time.Minute // such a process has long been what it will be
	batch  = 64          // are read at a time,
	gather = time.Second // while more are due, what was read is told this often: all of a name is saved each time,
	rests  = 2           // and then nothing for so many times as long as that took
	mourn  = time.Minute // how long a dead one is remembered
)

func newMemoir(reader *traits.Reader) *memoir {
	return &memoir{reader: reader, wake: make(chan struct{}, 1), of: map[procscan.ID]*page{}, pids: map[int]procscan.ID{}}
}

// begin plans the readings of a process.
func (b *memoir) begin(id procscan.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of[id] = &page{}
	b.pids[id.PID] = id
	b.plan(id, procscan.Boottime(), procscan.Boottime()-id.Started() > longUp)
}

func (b *memoir) plan(id procscan.ID, now time.Duration, once bool) {
	p := b.of[id]
	p.round++
	for i, after := range readings {
		if i == 0 || !once {
			b.due[i] = append(b.due[i], dated{id, now + after, p.round})
		}
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// end notes that a process is not tracked any more. Reports of what it did until then may
// still come.
func (b *memoir) end(id procscan.ID) {
	now := procscan.Boottime()
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.of[id]; p != nil {
		p.over = true
		b.ended = append(b.ended, dated{ID: id, at: now})
	}
	for len(b.ended) > 0 && b.ended[0].at < now-mourn {
		gone := b.ended[0].ID
		b.ended = b.ended[1:]
		if p := b.of[gone]; p == nil || !p.over {
			continue // tracked again
		}
		delete(b.of, gone)
		if b.pids[gone.PID] == gone {
			delete(b.pids, gone.PID)
		}
	}
}

// moved notes that a process has executed a program.
func (b *memoir) moved(pid int, at time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, tracked := b.pids[pid]
	if !tracked {
		return
	}
	p := b.of[id]
	p.moved = max(p.moved, at)
	if !p.over && at > p.told.At {
		b.plan(id, procscan.Boottime(), false)
	}
}

// movedAt is when a process last executed a program, as far as was reported, or 0.
func (b *memoir) movedAt(id procscan.ID) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.of[id]; p != nil {
		return p.moved
	}
	return 0
}

// run reads what is due, until ctx ends.
func (b *memoir) run(ctx context.Context, tell func(engine.Remembered)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	news, since := map[procscan.ID]succession.Traits{}, time.Time{} // not told yet, and since when
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		case <-timer.C:
		}
		wants, next := b.next(procscan.Boottime())
		more := next > 0 && next <= time.Millisecond
		if began := time.Now(); len(wants) > 0 {
			if len(news) == 0 {
				since = began
			}
			maps.Copy(news, b.news(b.reader.Read(wants)))
			next = max(next, rests*time.Since(began))
		}
		if len(news) > 0 && (!more || time.Since(since) >= gather) {
			tell(engine.Remembered{Of: news})
			news = map[procscan.ID]succession.Traits{}
		}
		timer.Stop()
		if next > 0 {
			timer.Reset(next)
		}
	}
}

// next is a batch of what is due, and the time until something is due after it, or 0.
func (b *memoir) next(now time.Duration) (wants []traits.Want, in time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := map[procscan.ID]bool{}
	for i := range b.due {
		for len(b.due[i]) > 0 {
			d := b.due[i][0]
			p := b.of[d.ID]
			if p != nil && !p.over && p.round == d.round {
				if d.at > now || len(wants) >= batch {
					wait := max(d.at-now, time.Millisecond)
					if in == 0 || wait < in {
						in = wait
					}
					break
				}
				if !taken[d.ID] {
					taken[d.ID] = true
					wants = append(wants, traits.Want{ID: d.ID})
				}
			}
			b.due[i] = b.due[i][1:]
		}
		if len(b.due[i]) == 0 {
			b.due[i] = nil
		}
	}
	return wants, in
}

// news are the traits that differ from what was told before.
func (b *memoir) news(got map[procscan.ID]traits.Got) map[procscan.ID]succession.Traits {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[procscan.ID]succession.Traits{}
	for id, g := range got {
		p := b.of[id]
		if p == nil {
			continue
		}
		if !g.Traits.Equal(p.told) || p.moved > p.told.At {
			out[id] = g.Traits
		}
		p.told = g.Traits
	}
	return out
}
