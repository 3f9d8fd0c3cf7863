package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/message"
	"procward/internal/scalar"
)

// demoScene is one step of the demo: it makes something happen, and waits for what must
// follow. If something does not follow, that is its error.
type demoScene struct {
	title   string
	time    time.Duration // at most
	act     func(*play, context.Context) error
	wants   []want                                       // that have to be said, in this order
	scripts map[string]int                               // how often whose restart script runs
	lost    string                                       // who is given up in the end
	moral   func(*play, context.Context) (string, error) // what that showed, in a sentence
}

// want is a message: its kind, the process or group it is about, and the rung.
type want struct {
	kind        *message.Kind
	about, rung string
}

var demoScenes = []demoScene{{
	title: "Found by one scan of /proc", time: 5 * time.Second,
	act: func(p *play, _ context.Context) error {
		p.act("the daemon starts; the processes run already, detached")
		p.runDaemon()
		return nil
	},
	wants: []want{{message.Found, demoCrash, ""}, {message.Found, demoDB, ""}, {message.Found, demoJob, ""}, {message.Found, demoUpgrade, ""}, {message.Found, demoWeb, ""}},
	moral: strangers,
}, {
	title: "Killed, and restarted by its script", time: 8 * time.Second,
	act: sends(unix.SIGKILL, demoWeb), wants: restarted(demoWeb), scripts: map[string]int{demoWeb: 1},
	moral: timed,
}, {
	title: "Replaced by its own successor: nothing to do", time: 5 * time.Second,
	act:   sends(unix.SIGUSR1, demoUpgrade),
	wants: []want{{message.Replaced, demoUpgrade, ""}},
	moral: says("the successor is tracked now. No script ran, no attempt is spent."),
}, {
	title: "An exit code, seen of a process that is not a child", time: 8 * time.Second,
	act: sends(unix.SIGUSR2, demoJob), wants: restarted(demoJob), scripts: map[string]int{demoJob: 1},
	moral: func(p *play, ctx context.Context) (string, error) {
		cause, err := p.cause(ctx, fmt.Sprintf("exited with code %d", codeAsked))
		return "job " + cause + ", which wait(2) tells to a parent alone. Restarted.", err
	},
}, {
	title: "Alive, but stopped: a stall", time: 10 * time.Second,
	act:     sends(unix.SIGSTOP, demoUpgrade),
	wants:   []want{{message.Stall, demoUpgrade, ""}, {message.Killed, demoUpgrade, ""}, {message.Restart, demoUpgrade, ""}, {message.Recovered, demoUpgrade, ""}},
	scripts: map[string]int{demoUpgrade: 1},
	moral:   says("it lived and did nothing, which its PID does not show. Seen in /proc after the 1s that is configured, killed, restarted."),
}, {
	title: "A crash loop, and the ladder to its end", time: 15 * time.Second,
	act: func(p *play, ctx context.Context) error {
		p.act("from now on crash cannot work: it exits with code %d at once", codeBroken)
		if err := os.WriteFile(p.stage.broken(), nil, 0o600); err != nil {
			return err
		}
		return sends(unix.SIGKILL, demoCrash)(p, ctx)
	},
	wants: []want{
		{message.Down, demoCrash, ""},
		{message.Restart, demoCrash, ""}, {message.RestartFailed, demoCrash, ""},
		{message.Restart, demoCrash, ""}, {message.RestartFailed, demoCrash, ""},
		{message.Exhausted, demoCrash, ""},
		{message.RungAsked, demoGroup, "restart-group"}, {message.GroupStop, demoGroup, ""}, {message.GroupStart, demoGroup, ""},
		{message.RungAsked, demoGroup, "hook"}, {message.RungPassed, demoGroup, "hook"}, // by its exit code 75
		{message.RungRefused, demoGroup, "reboot"},
		{message.GivenUp, demoGroup, ""},
	},
	scripts: map[string]int{demoCrash: 3, demoDB: 1}, lost: demoCrash,
	moral: climbed,
}}

// sends has a victim be sent a signal.
func sends(sig unix.Signal, name string) func(*play, context.Context) error {
	return func(p *play, _ context.Context) error {
		v, err := p.proc.Read(p.up[name])
		if err != nil {
			return err
		}
		p.act("%s to %s, pid %d%s", unix.SignalName(sig), name, v.PID, map[unix.Signal]string{
			unix.SIGUSR1: ": it starts its successor and exits", unix.SIGUSR2: ": it exits with an error",
		}[sig])
		return signalVictim(p.proc, v.ID, sig)
	}
}

// restarted is what has to be said of one that is restarted at the first attempt.
func restarted(name string) []want {
	return []want{{message.Down, name, ""}, {message.Restart, name, ""}, {message.Recovered, name, ""}}
}

func says(text string) func(*play, context.Context) (string, error) {
	return func(*play, context.Context) (string, error) { return text, nil }
}

// strangers says that the victims are not our children.
func strangers(p *play, _ context.Context) (string, error) {
	for name, pid := range p.up {
		if v, err := p.proc.Read(pid); err != nil || v.PPID == os.Getpid() {
			return "", fmt.Errorf("%s is a child of procward, or cannot be read: %w", name, err)
		}
	}
	took := scalar.Duration(p.said(message.Found).Time.Sub(p.acted)).Rounded()
	return fmt.Sprintf("%d processes found in one scan, %s after the start. None is a child of procward. From now on each is known by its PID "+
		"and start time, and its exit is seen by %s.", len(p.up), took, p.detection()), nil
}

// detection is how exits are seen: "pidfd", or by polling.
func (p *play) detection() string { return p.daemon.Detection() }

// timed shows how long it all took, from just before the signal was sent.
func timed(p *play, ctx context.Context) (string, error) {
	cause, err := p.cause(ctx, "killed by SIGKILL")
	if err != nil {
		return "", err
	}
	seen, polled := "the kernel woke procward", "Nothing was polled for it."
	if p.detection() != "pidfd" {
		seen, polled = "a look at it found it gone", "This host has no pidfd: it was polled."
	}
	down := p.said(message.Down)
	took := func(at time.Time) time.Duration { return at.Sub(p.acted) }
	p.measured(
		measure{"wakeup", took(down.Time) - down.Took, seen},
		measure{"down", took(down.Time), "decided after a second look: down"},
		measure{"script", took(p.note("script", demoWeb)), "first line of the restart script"},
		measure{"up", took(p.note("up", demoWeb)), "web runs again"},
		measure{"recovered", took(p.said(message.Recovered).Time), "recovered, after 1s of settling"},
	)
	return "down (" + cause + "), restarted, recovered. " + polled, nil
}

// said is the first message of a kind in this scene.
func (p *play) said(kind *message.Kind) message.Message {
	for _, ev := range p.heard {
		if ev.message != nil && ev.message.Kind == kind {
			return *ev.message
		}
	}
	return message.Message{}
}

// cause compares the reported cause of a death with the real one. If the kernel tells
// nothing about processes that are not our children, that is shown and is no failure;
// then the daemon has reported that the kernel lacks something.
func (p *play) cause(ctx context.Context, right string) (words string, err error) {
	words = p.said(message.Down).Cause
	if late := p.said(message.CauseKnown); late.Kind != nil {
		words = late.Cause
	}
	state, err := p.daemon.Status(ctx)
	switch {
	case err != nil || words == right:
	case len(state.Fallbacks) > 0:
		words = "ended, and this kernel did not tell how"
	default:
		err = fmt.Errorf("the cause is said to be %q", words)
	}
	return words, err
}

// climbed shows what the hook was told.
func climbed(p *play, _ context.Context) (string, error) {
	text, err := os.ReadFile(p.stage.hookEnv())
	if err != nil {
		return "", fmt.Errorf("the hook was not called: %w", err)
	}
	var told []string
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.HasPrefix(name, "PROCWARD_") && value != "" {
			told = append(told, name+"="+value)
		}
	}
	if all := strings.Join(told, " "); !strings.Contains(all, "PROCWARD_RUNG=hook") {
		return "", errors.New("the hook was not told its rung, but " + all)
	}
	p.show(entry{Demo: "note", Name: demoGroup, Text: "the hook was told " + strings.Join(told, " ")})
	p.show(entry{Demo: "note", Name: "demo", Text: rebootWould})
	return "2 attempts spent, then rung by rung: the whole group restarted, db before crash; the hook asked; the reboot refused; given up, and said so.", nil
}

const rebootWould = "the demo has no means to end a machine. On a host, reboot would now be recorded on the disk, look once more, say why, and " +
	"reboot the machine; after reboot-limit (3 in 24h) it would leave the machine alone and say so"
