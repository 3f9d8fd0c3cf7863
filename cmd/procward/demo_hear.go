package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"procward/internal/engine"
	"procward/internal/message"
	"procward/procscan"
)

// begin opens a step.
func (p *play) begin(number int, title string) {
	p.number, p.heard, p.cursor = number, nil, 0
	p.show(entry{Demo: "step", Text: title})
}

// act tells of something that the demo is about to do.
func (p *play) act(format string, args ...any) {
	p.show(entry{Demo: "act", Name: "demo", Text: fmt.Sprintf(format, args...)})
}

// result closes a step.
func (p *play) result(ok bool, text string) {
	p.show(entry{Demo: "result", OK: &ok, Text: text})
}

func (p *play) show(e entry) {
	if e.at.IsZero() {
		e.at = time.Now()
	}
	e.Step = p.number
	e.since = e.at.Sub(p.began)
	p.bill.show(e)
}

// hear takes the next event and shows it.
func (p *play) hear(ctx context.Context) (event, error) {
	select {
	case <-ctx.Done():
		return event{}, ctx.Err()
	case ev := <-p.events:
		p.heard = append(p.heard, ev)
		e := entry{Demo: "note", at: ev.at, message: ev.message, Name: ev.note.name}
		switch ev.note.what {
		case "up":
			p.up[ev.note.name] = ev.note.pid
			e.Text = fmt.Sprintf("runs, pid %d", ev.note.pid)
		case "script":
			p.scripts[ev.note.name]++
			e.Text = fmt.Sprintf("first line of the restart script, pid %d", ev.note.pid)
		case "hook":
			e.Text = fmt.Sprintf("first line of the hook, pid %d", ev.note.pid)
		}
		p.show(e)
		return ev, nil
	}
}

// rest listens for a while.
func (p *play) rest(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		if _, err := p.hear(ctx); err != nil {
			return
		}
	}
}

// message waits for the next message of a kind about a process or group, after the one
// that was waited for last.
func (p *play) message(ctx context.Context, kind *message.Kind, about string) (message.Message, error) {
	for {
		for ; p.cursor < len(p.heard); p.cursor++ {
			if m := p.heard[p.cursor].message; m != nil && m.Kind == kind && (m.Process == about || m.Process == "" && m.Group == about) {
				p.cursor++
				return *m, nil
			}
		}
		if _, err := p.hear(ctx); err != nil {
			return message.Message{}, fmt.Errorf("no message %s (%s) of %s came", kind.ID, kind.Event, about)
		}
	}
}

// note waits for a note in this step, whether or not it came already.
func (p *play) note(ctx context.Context, what, name string) (event, error) {
	is := func(ev event) bool { return ev.message == nil && ev.note.what == what && ev.note.name == name }
	if i := slices.IndexFunc(p.heard, is); i >= 0 {
		return p.heard[i], nil
	}
	for {
		ev, err := p.hear(ctx)
		if err != nil {
			return ev, fmt.Errorf("%s told nothing of %q", name, what)
		}
		if is(ev) {
			return ev, nil
		}
	}
}

// said counts the messages of a kind about a process in this step.
func (p *play) said(kind *message.Kind, process string) int {
	n := 0
	for _, ev := range p.heard {
		if ev.message != nil && ev.message.Kind == kind && ev.message.Process == process {
			n++
		}
	}
	return n
}

// status is what procward knows of a process.
func (p *play) status(ctx context.Context, name string) (engine.ProcessStatus, error) {
	s, err := p.daemon.Status(ctx)
	if err != nil {
		return engine.ProcessStatus{}, err
	}
	for _, q := range s.Processes {
		if q.Name == name {
			return q, nil
		}
	}
	return engine.ProcessStatus{}, fmt.Errorf("the status has no %s", name)
}

// tracked is the one process that procward tracks under a name. It has to be the one
// that came up last under it, and up.
func (p *play) tracked(ctx context.Context, name string) (procscan.ID, error) {
	s, err := p.status(ctx, name)
	if err != nil {
		return procscan.ID{}, err
	}
	if s.State != engine.Up || len(s.Tracked) != 1 || s.Tracked[0].PID != p.up[name] {
		return procscan.ID{}, fmt.Errorf("%s is %s with %v tracked; its pid is %d", name, s.State, s.Tracked, p.up[name])
	}
	return s.Tracked[0].ID, nil
}
