package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/procscan"
)

// play is one run of the demo: the real daemon, the victims, and everything that was
// heard of both.
type play struct {
	stage  stage
	bill   bill
	began  time.Time
	daemon *daemon
	alive  *os.File      // the write end that keeps the victims alive
	notes  *os.File      // the read end of what victims and scripts tell
	events chan event    // as they come
	ended  chan struct{} // closed when the daemon has ended
	stop   context.CancelFunc

	number  int            // of the step
	heard   []event        // in this step
	cursor  int            // what is before it in heard was waited for already
	up      map[string]int // the PID of each victim that came up last
	scripts map[string]int // how often each victim's restart script ran, in all
}

// event is a message of procward, or else a note.
type event struct {
	at      time.Time
	message *message.Message
	note    note
}

// note is a line that a victim or a script wrote: what it does, its name, its PID.
type note struct {
	what string // up, script, hook
	name string
	pid  int
}

// Send takes a message of the daemon. It never blocks: should the channel be full, which
// holds many times what is said in all, the message is missing and its step fails.
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
	loader := confd.NewLoader(p.stage.confDir(), confd.Options{})
	cfg, err := loader.Load()
	if err != nil {
		return err
	}
	if err := problemsError(cfg.Problems); err != nil {
		return err
	}
	if p.daemon, err = newDaemon(loader, cfg, false, p, ""); err != nil {
		return err
	}
	if p.daemon.host.Power != nil || p.daemon.power != nil {
		return errors.New("the demo has been given the means to end the machine, which it must never have")
	}
	p.show(entry{Demo: "start", Text: fmt.Sprintf(demoIntro, len(demoNames), p.stage.dir)})
	return p.startVictims(ctx)
}

const demoIntro = "%d processes of the demo's own in %s; about 10 seconds. Lines with PW and a number are procward's messages, as " +
	"a log shows them; procward messages explains each."

func (p *play) startVictims(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, name := range demoNames {
		if err := p.stage.start(name); err != nil {
			return err
		}
	}
	for _, name := range demoNames {
		if _, err := p.note(ctx, "up", name); err != nil {
			return err
		}
	}
	return nil
}

// runDaemon starts the daemon's loop.
func (p *play) runDaemon() {
	ctx, stop := context.WithCancel(context.Background())
	p.ended, p.stop = make(chan struct{}), stop
	go func() {
		defer close(p.ended)
		p.daemon.run(ctx, nil)
	}()
}

func (p *play) readNotes() {
	for lines := bufio.NewScanner(p.notes); lines.Scan(); {
		var n note
		at := time.Now()
		if _, err := fmt.Sscan(lines.Text(), &n.what, &n.name, &n.pid); err == nil {
			p.events <- event{at: at, note: n}
		}
	}
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
	return errors.Join(p.stage.empty(), p.stage.remove())
}

// empty waits until no victim and no script is left, and kills what does not end.
func (s stage) empty() error {
	proc, err := procscan.Open("/proc")
	if err != nil {
		return err
	}
	defer proc.Close()
	scanner := procscan.NewScanner(proc)
	defer scanner.Close()
	match := procscan.DefaultMatch()
	// Not what an operator has opened in the directory.
	match.Args = `^(/bin/sh .*)?` + regexp.QuoteMeta(s.dir) + `/(` + demoPrefix + `[a-z]+|restart|hook)( |$)`
	matcher, err := match.Compile()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTime+killTime)
	defer cancel()
	for began, every := time.Now(), time.Millisecond; ; every = min(2*every, 50*time.Millisecond) {
		found, err := scanner.Scan(ctx, []*procscan.Matcher{matcher})
		if err != nil {
			return fmt.Errorf("look whether a process is left: %w", err)
		}
		left := found[0].Matching
		switch late := time.Since(began) - cleanupTime; {
		case len(left) == 0:
			return nil
		case late > killTime:
			return fmt.Errorf("%d processes are left: %s", len(left), pidsOf(left))
		case late > 0:
			for _, q := range left {
				_, _ = signalVictim(proc, q.ID, unix.SIGKILL) // whether it helped the next look tells
			}
		}
		time.Sleep(every)
	}
}

func pidsOf(ps []procscan.Process) string {
	var b strings.Builder
	for _, q := range ps {
		fmt.Fprintf(&b, " %d (%s)", q.PID, visible(q.Comm))
	}
	return strings.TrimSpace(b.String())
}
