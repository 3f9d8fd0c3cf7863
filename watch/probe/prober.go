package probe

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"procward/internal/script"
	"procward/procscan"
	"procward/watch"
)

// Options say how a Prober works.
type Options struct {
	Scripts  *script.Runner           // of exec checks
	Parallel int                      // checks in their first second at the same time; 0: 64. Of programs a quarter of it, and never more than it in all
	Pressure func() Pressure          // as it is configured now; nil: the default
	Proc     string                   // where pressure/ is; empty: /proc
	Tell     func([]watch.SignChange) // is called with the changes, on the goroutine of Run; while it runs no check begins
}

// Prober carries out the checks of many targets, each on its own schedule. All methods
// except Run may be called from any goroutine, also from Tell, and return at once.
//
// Schedules, timeouts and ages are in time that the host is awake (CLOCK_MONOTONIC):
// after a suspend there is neither a burst nor a false alarm. A check that was in
// progress while the host was suspended is unknown, and so is a failed one if procward
// itself was stopped, frozen or without CPU time.
type Prober struct {
	opts   Options
	base   time.Time
	boot   func() time.Duration               // CLOCK_BOOTTIME
	chance func() float64                     // at least 0, below 1
	make   func(site, Check) (checker, error) // makes the object that carries out a check
	wake   chan struct{}

	began atomic.Int64 // of the present step of Run, since base; 0: none

	mu      sync.Mutex
	targets map[string]*target
	net     lane // all checks but exec
	exec    lane
	ears    []*ear                     // to be opened
	ending  map[string]<-chan struct{} // by path: sockets that are being closed
	signs   []watch.SignChange         // to report
	looks   time.Duration              // when Run looks next, if nobody wakes it
	lapsed  time.Duration              // when it last found that it had not run
}

// New makes a Prober. It does nothing before Run.
func New(opts Options) *Prober {
	if opts.Parallel <= 0 {
		opts.Parallel = 64
	}
	if opts.Pressure == nil {
		opts.Pressure = DefaultPressure
	}
	if opts.Proc == "" {
		opts.Proc = "/proc"
	}
	p := &Prober{
		opts: opts, base: time.Now(), boot: procscan.Boottime, chance: rand.Float64,
		wake:    make(chan struct{}, 1),
		looks:   never,
		targets: map[string]*target{}, ending: map[string]<-chan struct{}{},
		net: lane{places: opts.Parallel}, exec: lane{places: max(1, opts.Parallel/4), total: opts.Parallel},
	}
	p.make = byKind
	return p
}

// awake is the time for which the host has been awake since New, plus an hour, so that a
// time before New can be expressed as well.
func (p *Prober) awake() time.Duration { return time.Since(p.base) + time.Hour }

// Busy is how long Run has been in one step. A step takes much less than a second: if it
// is longer, Run is stuck. It is 0 while Run waits for what is due next.
func (p *Prober) Busy() time.Duration {
	began := time.Duration(p.began.Load())
	if began == 0 {
		return 0
	}
	return time.Since(p.base) - began
}

// Run carries out the checks until ctx ends. Then it stops those in progress, removes the
// notify sockets and returns nil; what hangs in the kernel it leaves behind.
func (p *Prober) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		p.began.Store(int64(time.Since(p.base)))
		wait := p.step(ctx, &work)
		p.began.Store(0)
		if wait < 0 {
			timer.Stop()
		} else {
			timer.Reset(wait)
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-timer.C:
		}
	}
	work.Wait()
	p.shut()
	return nil
}

// step reports what there is to report, starts what is due, and returns the time to the
// next step; less than 0: there is none.
func (p *Prober) step(ctx context.Context, work *sync.WaitGroup) time.Duration {
	p.mu.Lock()
	now := p.awake()
	if p.behind(now) {
		p.lapse(now)
	}
	for _, e := range p.ears {
		e.listen(p.ending[e.path])
		delete(p.ending, e.path)
	}
	p.ears = p.ears[:0]
	for _, l := range []*lane{&p.net, &p.exec} {
		for it := l.next(now); it != nil; it = l.next(now) {
			p.start(ctx, it, work)
		}
	}
	wait := p.wait(now)
	p.looks = now + wait
	if wait < 0 {
		p.looks = never
	}
	signs := p.signs
	p.signs = nil
	p.mu.Unlock()
	if len(signs) > 0 {
		p.opts.Tell(signs)
	}
	return wait
}

// tick is the grain of schedules: what is due within one begins at its end. If each check
// woke us by itself, 1,000 HTTP checks a second would cost a third more.
const tick = 10 * time.Millisecond

// wait is the time until there is something to start; less than 0: for ever.
func (p *Prober) wait(now time.Duration) time.Duration {
	wait := p.net.wait(now)
	if w := p.exec.wait(now); wait < 0 || w >= 0 && w < wait {
		wait = w
	}
	if wait > 0 {
		wait = (now + wait + tick - 1).Truncate(tick) - now
	}
	if p.net.running+p.exec.running > 0 && (wait < 0 || wait > pulse) {
		wait = pulse
	}
	return wait
}

// never is when Run looks if nothing is on the schedule.
const never = time.Duration(math.MaxInt64)

// nudge makes Run look.
func (p *Prober) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// shut closes the sockets, and waits a moment until they are removed.
func (p *Prober) shut() {
	p.mu.Lock()
	for _, t := range p.targets {
		p.silence(t, nil)
	}
	ending := p.ending
	p.ending = map[string]<-chan struct{}{}
	p.mu.Unlock()
	enough := time.After(time.Second)
	for _, done := range ending {
		select {
		case <-done:
		case <-enough:
			return
		}
	}
}
