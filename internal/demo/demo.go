// Package demo shows what procward does on a stage of its own: a few processes, the real
// daemon without the means to end the machine, and the messages of both.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"io"
)

// The whole demo takes at most the sum of these, and usually a third.
const (
	demoTime    = 25 * time.Second // for the scenes
	daemonStop  = 2 * time.Second  // for the daemon to end
	cleanupTime = 2 * time.Second  // for the victims to end by themselves, before they are killed
	killTime    = 1 * time.Second  // for those to be gone
)

// Run plays the demo and shows it on w, as text or as JSON lines. It reports whether all went
// as it should.
func Run(ctx context.Context, w io.Writer, jsonOut bool) (ok bool, err error) {
	s, err := newStage(os.TempDir())
	if err != nil {
		return false, fmt.Errorf("set up the demo: %w", err)
	}
	return demo(ctx, s, billOn(w, jsonOut))
}

// billOn is how the demo is shown on w.
func billOn(w io.Writer, jsonOut bool) bill {
	if jsonOut {
		return jsonBill{w}
	}
	return newTextBill(w)
}

// demo plays all scenes on a stage and clears it away, whatever happens.
func demo(ctx context.Context, s stage, b bill) (ok bool, err error) {
	unix.Umask(0o022) // as run does: it decides who may write what scripts and the demo make
	ctx, stop := signal.NotifyContext(ctx, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	story, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	p := &play{stage: s, bill: b, began: time.Now(), events: make(chan event, 1024), up: map[string]int{}}
	if err := p.open(story); err != nil {
		return false, errors.Join(fmt.Errorf("set up the demo: %w", err), p.clear())
	}
	told := p.scenes(story)
	if ctx.Err() != nil {
		told = errors.New("interrupted")
	}
	return p.end(told, p.clear()), nil
}

// scenes plays them and says which did not go as they should.
func (p *play) scenes(ctx context.Context) error {
	var failed []string
	for i, s := range demoScenes {
		p.number, p.heard, p.next = i+1, nil, 0
		p.show(entry{Demo: "step", Text: s.title})
		text, err := p.scene(ctx, s)
		if ctx.Err() != nil {
			return errors.New("not finished in time")
		}
		if err != nil {
			failed, text = append(failed, strconv.Itoa(p.number)), err.Error()
		}
		ok := err == nil
		p.show(entry{Demo: "result", OK: &ok, Text: text})
		p.rest(ctx, p.bill.pause())
	}
	if len(failed) > 0 {
		return fmt.Errorf("not as it should be: step %s", strings.Join(failed, ", "))
	}
	return nil
}

// scene plays one: what has to follow follows, and procward's own picture is right.
func (p *play) scene(ctx context.Context, s demoScene) (text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.time)
	defer cancel()
	if err := s.act(p, ctx); err != nil {
		return "", err
	}
	for _, w := range s.wants {
		if _, err := p.await(ctx, w); err != nil {
			return "", err
		}
	}
	late, stop := context.WithTimeout(ctx, time.Second) // a victim may tell of itself a moment later than procward does
	defer stop()
	for err = p.agrees(ctx, s); err != nil; err = p.agrees(ctx, s) {
		if p.hear(late) != nil {
			return "", err
		}
	}
	return s.moral(p, ctx)
}

// end says how it went and what is left, and whether all is well.
func (p *play) end(told, left error) (ok bool) {
	ok = told == nil && left == nil
	text := fmt.Sprintf("all %d steps went as they should", len(demoScenes))
	if told != nil {
		text = told.Error()
	}
	if left == nil {
		text += fmt.Sprintf("; cleaned up: no process is left, %s is removed", p.stage.dir)
	} else {
		text += "; not cleaned up: " + left.Error()
	}
	p.number = 0
	p.show(entry{Demo: "end", OK: &ok, Text: text})
	return ok
}
