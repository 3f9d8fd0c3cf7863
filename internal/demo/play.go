package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"bufio"
	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/daemon"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/procscan"
)

// play is one run of the demo: the real daemon, the victims, and what was heard of both.
type play struct {
	stage  stage
	bill   bill
	began  time.Time
	proc   *procscan.FS
	daemon *daemon.Daemon
	config *confd.Config
	alive  *os.File      // the write end that keeps the victims alive
	notes  *os.File      // the read end of what victims and scripts tell
	events chan event    // as they come
	ended  chan struct{} // closed when the daemon has ended
	stop   context.CancelFunc

	number int            // of the scene
	acted  time.Time      // when the demo did what the scene is about
	heard  []event        // in this scene
	next   int            // what is before it in heard was waited for already
	up     map[string]int // the PID of each victim that came up last
}

// event is a message of procward, or else a note: a line that a victim or a script wrote.
type event struct {
	at      time.Time
	message *message.Message
	what    string // of a note: up, script, hook
	name    string
	pid     int
}

// Send takes a message of the daemon. It never blocks: if the channel were full, which
// holds many times the number of all messages, the message would be missing and its scene
// would fail.
func (p *play) Send(m message.Message) {
	select {
	case p.events <- event{at: m.Time, message: &m}:
	default:
	}
}

// open starts everything but the daemon's loop.
func (p *play) open(ctx context.Context) (err error) {
	// For reading and writing both: neither open waits, and neither FIFO ever ends.
	if p.alive, err = os.OpenFile(p.stage.alive(), os.O_RDWR, 0); err != nil {
		return err
	}
	if p.notes, err = os.OpenFile(p.stage.events(), os.O_RDWR|unix.O_NONBLOCK, 0); err != nil {
		return err
	}
	go p.readNotes()
	if p.proc, err = procscan.Open("/proc"); err != nil {
		return err
	}
	if err := p.openDaemon(); err != nil {
		return err
	}
	p.show(entry{Demo: "start", Text: fmt.Sprintf(demoIntro, len(demoNames), p.stage.dir)})
	for _, name := range demoNames {
		if err := p.stage.start(name); err != nil {
			return err
		}
	}
	for len(p.up) < len(demoNames) {
		if err := p.hear(ctx); err != nil {
			return fmt.Errorf("only %d of the demo's %d processes have come up: %w", len(p.up), len(demoNames), err)
		}
	}
	return nil
}

const demoIntro = "%d processes of the demo's own in %s; about 10 seconds. Lines with PW and a number are procward's messages, as " +
	"a log shows them; procward messages explains each."

// openDaemon makes the real daemon, which is given no means to end the machine.
func (p *play) openDaemon() (err error) {
	loader := confd.NewLoader(p.stage.confDir(), confd.Options{})
	if p.config, err = loader.Load(); err != nil {
		return err
	}
	if slices.ContainsFunc(p.config.Problems, func(pr confd.Problem) bool { return !pr.Warning }) {
		return fmt.Errorf("its drop-ins: %v", p.config.Problems)
	}
	p.daemon, err = daemon.New(loader, false, p, daemon.Options{})
	return err
}

// runDaemon starts the daemon's loop.
func (p *play) runDaemon() {
	ctx, stop := context.WithCancel(context.Background())
	p.ended, p.stop = make(chan struct{}), stop
	go func() {
		defer close(p.ended)
		p.daemon.Watch(ctx, p.config, nil)
	}()
}

func (p *play) readNotes() {
	for lines := bufio.NewScanner(p.notes); lines.Scan(); {
		e := event{at: time.Now()}
		if _, err := fmt.Sscan(lines.Text(), &e.what, &e.name, &e.pid); err == nil {
			p.events <- e
		}
	}
}

// act tells of something that the demo does now.
func (p *play) act(format string, args ...any) {
	p.show(entry{Demo: "act", Name: "demo", Text: fmt.Sprintf(format, args...)})
	p.acted = time.Now()
}

func (p *play) show(e entry) {
	if e.at.IsZero() {
		e.at = time.Now()
	}
	e.Step, e.since = p.number, e.at.Sub(p.began)
	p.bill.show(e)
}

// hear takes the next event, and shows procward's messages.
func (p *play) hear(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case ev := <-p.events:
		p.heard = append(p.heard, ev)
		if ev.message != nil {
			p.show(entry{at: ev.at, message: ev.message})
		} else if ev.what == "up" {
			p.up[ev.name] = ev.pid
		}
		return nil
	}
}

// rest listens for a while.
func (p *play) rest(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for p.hear(ctx) == nil {
	}
}

// await waits for the next message that is wanted, after the one that was waited for last.
func (p *play) await(ctx context.Context, w want) (message.Message, error) {
	for {
		for ; p.next < len(p.heard); p.next++ {
			if m := p.heard[p.next].message; m != nil && m.Kind == w.kind && about(m) == w.about && m.Rung == w.rung {
				p.next++
				return *m, nil
			}
		}
		if p.hear(ctx) != nil {
			return message.Message{}, fmt.Errorf("no message %s (%s) of %s came", w.kind.ID, w.kind.Event, w.about)
		}
	}
}

// note is the time of a note in this scene.
func (p *play) note(what, name string) time.Time {
	for _, ev := range p.heard {
		if ev.what == what && ev.name == name {
			return ev.at
		}
	}
	return time.Time{}
}

// agrees returns nil if the right restart scripts have run in this scene, once each, and
// procward tracks each victim that came up last under its name.
func (p *play) agrees(ctx context.Context, s demoScene) error {
	ran := map[string]int{}
	for _, ev := range p.heard {
		if ev.what == "script" {
			ran[ev.name]++
		}
	}
	status, err := p.daemon.Status(ctx)
	if err != nil {
		return err
	}
	for _, q := range status.Processes {
		is := q.State == engine.Up && len(q.Tracked) == 1 && q.Tracked[0].PID == p.up[q.Name]
		switch {
		case ran[q.Name] != s.scripts[q.Name]:
			return fmt.Errorf("the restart script of %s ran %d times, not %d", q.Name, ran[q.Name], s.scripts[q.Name])
		case q.Name == s.lost && q.State == engine.GaveUp, q.Name != s.lost && is:
		default:
			return fmt.Errorf("%s is %s with %v tracked; its pid is %d", q.Name, q.State, q.Tracked, p.up[q.Name])
		}
	}
	return nil
}

// clear ends everything and says what would not go.
func (p *play) clear() error {
	if p.stop != nil {
		p.stop()
		select {
		case <-p.ended:
		case <-time.After(daemonStop):
		}
	}
	for _, f := range []*os.File{p.alive, p.notes} {
		if f != nil {
			f.Close()
		}
	}
	if p.proc != nil {
		p.proc.Close()
	}
	return errors.Join(p.stage.empty(), p.stage.remove())
}
