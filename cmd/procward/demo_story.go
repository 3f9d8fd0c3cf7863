package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/message"
	"procward/procscan"
)

// demoStep is one step of the story: it makes something happen and waits for what has to
// follow. What did not follow is its error; what it showed, in a sentence, its text.
type demoStep struct {
	title string
	time  time.Duration // at most
	play  func(*play, context.Context) (text string, err error)
}

var demoSteps = []demoStep{
	{"Found by one scan of /proc", 5 * time.Second, (*play).find},
	{"Killed, and restarted by its script", 8 * time.Second, (*play).kill},
	{"Replaced by its own successor: nothing to do", 5 * time.Second, (*play).replace},
	{"An exit code, seen of a process that is not a child", 8 * time.Second, (*play).tellCode},
	{"Alive, but stopped: a stall", 10 * time.Second, (*play).freeze},
	{"A crash loop, and the ladder to its end", 15 * time.Second, (*play).crashLoop},
}

// find starts the daemon on the victims, which run already.
func (p *play) find(ctx context.Context) (string, error) {
	p.act("the daemon starts; the processes run already, detached")
	p.runDaemon()
	loaded := time.Time{}
	for _, name := range demoNames {
		m, err := p.message(ctx, message.Found, name)
		if err != nil {
			return "", err
		}
		if m.PID != p.up[name] {
			return "", fmt.Errorf("%s was found as pid %d, but is %d", name, m.PID, p.up[name])
		}
		if _, err := p.tracked(ctx, name); err != nil {
			return "", err
		}
		loaded = m.Time
	}
	parents, err := p.parents()
	if err != nil {
		return "", err
	}
	took := "in one scan"
	for _, ev := range p.heard {
		if ev.message != nil && ev.message.Kind == message.ConfigLoaded {
			took = fmt.Sprintf("in one scan, %s us after the start", thousands(loaded.Sub(ev.at)))
		}
	}
	return fmt.Sprintf("%d processes found %s. None is a child of procward: %s. From now on each is known by its PID and start time, and its exit is seen by %s.",
		len(demoNames), took, parents, p.daemon.host.Tracker.Mode()), nil
}

// parents says whose children the victims are. They must not be ours.
func (p *play) parents() (string, error) {
	words := ""
	seen := map[int]bool{}
	for _, name := range demoNames {
		q, err := p.daemon.host.FS.Read(p.up[name])
		if err != nil {
			return "", err
		}
		if q.PPID == os.Getpid() {
			return "", fmt.Errorf("%s is a child of procward", name)
		}
		if !seen[q.PPID] {
			seen[q.PPID] = true
			words += fmt.Sprintf(", pid %d", q.PPID)
		}
	}
	return "their parent is " + words[2:], nil
}

// kill ends web the hard way. The times count from just before the signal is sent.
func (p *play) kill(ctx context.Context) (string, error) {
	down, killed, err := p.lose(ctx, demoWeb, unix.SIGKILL)
	if err != nil {
		return "", err
	}
	cause, _, err := p.cause(ctx, down, func(m message.Message) bool { return m.ExitSignal == "SIGKILL" })
	if err != nil {
		return "", err
	}
	back, err := p.back(ctx, demoWeb, down.PID)
	if err != nil {
		return "", err
	}
	seen, polled := "the kernel woke procward", "Nothing was polled for it."
	if !p.pidfds() {
		seen, polled = "a look at it found it gone", "This host has no pidfd: it was polled."
	}
	decided := down.Time.Sub(killed)
	p.measured(
		measure{"wakeup", decided - down.Took, seen},
		measure{"down", decided, "decided after a second look: down"},
		measure{"script", back.script.Sub(killed), "first line of the restart script"},
		measure{"up", back.up.Sub(killed), "web runs again"},
		measure{"recovered", back.recovered.Sub(killed), "recovered, after 1s of settling"},
	)
	return "down (" + cause + "), restarted, recovered. " + polled, nil
}

// pidfds says that exits are not polled for.
func (p *play) pidfds() bool { return p.daemon.host.Tracker.Mode() == "pidfd" }

// lose sends a victim a signal and waits for its end to be told.
func (p *play) lose(ctx context.Context, name string, sig unix.Signal) (down message.Message, at time.Time, err error) {
	id, err := p.tracked(ctx, name)
	if err != nil {
		return down, at, err
	}
	p.act("%s to %s, pid %d", unix.SignalName(sig), name, id.PID)
	if at, err = signalVictim(p.daemon.host.FS, id, sig); err != nil {
		return down, at, err
	}
	down, err = p.message(ctx, message.Down, name)
	if err == nil && down.PID != id.PID {
		err = fmt.Errorf("pid %d was to go down, not %d", id.PID, down.PID)
	}
	return down, at, err
}

// cause holds what is said of the cause of a death to what it was. Where the kernel tells
// nothing of processes that are not children, that is said and no failure; the daemon has
// said then that something of the kernel is missing.
func (p *play) cause(ctx context.Context, m message.Message, right func(message.Message) bool) (words string, known bool, err error) {
	if m.ExitCode == nil && m.ExitSignal == "" {
		late, err := p.belated(ctx, m.Process)
		state, _ := p.daemon.Status(ctx) // without an answer there is no excuse
		switch {
		case err == nil:
			m = late
		case len(state.Fallbacks) > 0:
			return "cause unknown: this kernel did not tell it", false, nil
		default:
			return "", false, err
		}
	}
	if !right(m) {
		return "", false, fmt.Errorf("%s: the cause is said to be %q", m.Process, m.Cause)
	}
	return m.Cause, true, nil
}

// belated waits a moment for the cause of a death that was told without. What is said
// meanwhile stays to be waited for.
func (p *play) belated(ctx context.Context, name string) (message.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	cursor := p.cursor
	defer func() { p.cursor = cursor }()
	return p.message(ctx, message.CauseKnown, name)
}

// backAt is when a victim came back, step by step.
type backAt struct{ script, up, recovered time.Time }

// back waits for a victim to be restarted at the first attempt.
func (p *play) back(ctx context.Context, name string, oldPID int) (at backAt, err error) {
	if _, err := p.message(ctx, message.Restart, name); err != nil {
		return at, err
	}
	recovered, err := p.message(ctx, message.Recovered, name)
	if err != nil {
		return at, err
	}
	script, err := p.note(ctx, "script", name)
	if err != nil {
		return at, err
	}
	up, err := p.note(ctx, "up", name)
	if err != nil {
		return at, err
	}
	if up.note.pid == oldPID || recovered.PID != up.note.pid || p.scripts[name] != 1 {
		return at, fmt.Errorf("%s came back as pid %d and recovered as pid %d, after %d scripts", name, up.note.pid, recovered.PID, p.scripts[name])
	}
	_, err = p.tracked(ctx, name)
	return backAt{script.at, up.at, recovered.Time}, err
}

// replace has upgrade start its successor and exit, as at an upgrade without a gap.
func (p *play) replace(ctx context.Context) (string, error) {
	id, err := p.tracked(ctx, demoUpgrade)
	if err != nil {
		return "", err
	}
	p.act("upgrade starts its successor and exits")
	if _, err := signalVictim(p.daemon.host.FS, id, unix.SIGUSR1); err != nil {
		return "", err
	}
	m, err := p.message(ctx, message.Replaced, demoUpgrade)
	if err != nil {
		return "", err
	}
	up, err := p.note(ctx, "up", demoUpgrade)
	if err != nil {
		return "", err
	}
	if m.PID != up.note.pid {
		return "", fmt.Errorf("upgrade was replaced by pid %d, not %d", up.note.pid, m.PID)
	}
	var now procscan.ID
	if now, err = p.tracked(ctx, demoUpgrade); err != nil {
		return "", err
	}
	if p.said(message.Restart, demoUpgrade)+p.said(message.Down, demoUpgrade)+p.scripts[demoUpgrade] > 0 {
		return "", errors.New("upgrade was restarted though it had a successor")
	}
	return fmt.Sprintf("pid %d is tracked now in place of %d. No script ran, no attempt is spent.", now.PID, id.PID), nil
}

// tellCode has job exit with a code, which as a rule its parent alone learns.
func (p *play) tellCode(ctx context.Context) (string, error) {
	down, _, err := p.lose(ctx, demoJob, unix.SIGUSR2)
	if err != nil {
		return "", err
	}
	cause, known, err := p.cause(ctx, down, func(m message.Message) bool { return m.ExitCode != nil && *m.ExitCode == codeAsked })
	if err != nil {
		return "", err
	}
	if _, err := p.back(ctx, demoJob, down.PID); err != nil {
		return "", err
	}
	if !known {
		return "not shown here: " + cause + ". Restarted all the same.", nil
	}
	return "job " + cause + ", which wait(2) tells to a parent alone. Restarted.", nil
}

// freeze stops upgrade, which its exit would never tell.
func (p *play) freeze(ctx context.Context) (string, error) {
	id, err := p.tracked(ctx, demoUpgrade)
	if err != nil {
		return "", err
	}
	p.act("SIGSTOP to upgrade, pid %d", id.PID)
	if _, err := signalVictim(p.daemon.host.FS, id, unix.SIGSTOP); err != nil {
		return "", err
	}
	for _, kind := range []*message.Kind{message.Stall, message.Killed} {
		m, err := p.message(ctx, kind, demoUpgrade)
		if err != nil {
			return "", err
		}
		if m.PID != id.PID {
			return "", fmt.Errorf("%s is about pid %d, not %d", kind.ID, m.PID, id.PID)
		}
	}
	if _, err := p.back(ctx, demoUpgrade, id.PID); err != nil {
		return "", err
	}
	return "it lived and did nothing, which its PID does not show. Seen in /proc after the 1s that is configured, killed, restarted.", nil
}
