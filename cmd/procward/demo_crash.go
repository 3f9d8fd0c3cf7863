package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"procward/internal/engine"
	"procward/internal/message"
)

// crashLoop lets crash fail for good: nothing helps until the ladder is spent.
func (p *play) crashLoop(ctx context.Context) (string, error) {
	p.act("from now on crash cannot work: it exits with code %d at once", codeBroken)
	if err := os.WriteFile(p.stage.broken(), nil, 0o600); err != nil {
		return "", err
	}
	db := p.up[demoDB]
	if _, _, err := p.lose(ctx, demoCrash, unix.SIGKILL); err != nil {
		return "", err
	}
	for _, want := range theClimb {
		m, err := p.message(ctx, want.kind, want.about)
		if err != nil {
			return "", err
		}
		if m.Rung != want.rung {
			return "", fmt.Errorf("%s came of the rung %q, not %q", m.Kind.ID, m.Rung, want.rung)
		}
	}
	if n := p.said(message.Restart, demoCrash); n != 2 {
		return "", fmt.Errorf("crash was restarted %d times, not 2", n)
	}
	group := "the whole group restarted, db before crash"
	switch {
	case p.said(message.Killed, demoDB) == 1 && p.up[demoDB] != db:
	case p.said(message.Unkillable, demoDB) == 1 && !p.pidfds():
		group = "the group restart tried, which cannot end db where there is no pidfd"
	default:
		return "", errors.New("the group restart has left db alone")
	}
	if err := p.showHook(); err != nil {
		return "", err
	}
	s, err := p.status(ctx, demoCrash)
	if err != nil {
		return "", err
	}
	if s.State != engine.GaveUp {
		return "", fmt.Errorf("crash is %s", s.State)
	}
	p.show(entry{Demo: "note", Name: "demo", Text: rebootWould})
	return "2 attempts spent, then rung by rung: " + group + "; the hook asked; the reboot refused; given up, and said so.", nil
}

// theClimb is what has to be said, in this order; the reasons of failures between may
// differ from host to host.
var theClimb = []struct {
	kind        *message.Kind
	about, rung string
}{
	{message.Restart, demoCrash, ""},
	{message.RestartFailed, demoCrash, ""},
	{message.Restart, demoCrash, ""},
	{message.RestartFailed, demoCrash, ""},
	{message.Exhausted, demoCrash, ""},
	{message.RungAsked, demoGroup, "restart-group"},
	{message.GroupStop, demoGroup, ""},
	{message.GroupStart, demoGroup, ""},
	{message.RungAsked, demoGroup, "hook"},
	{message.RungPassed, demoGroup, "hook"}, // by its exit code 75
	{message.RungRefused, demoGroup, "reboot"},
	{message.GivenUp, demoGroup, ""},
}

const rebootWould = "the demo has no means to end a machine. On a host, reboot would now be recorded on the disk, look once more, say why, and reboot the machine; " +
	"after reboot-limit (3 in 24h) it would leave the machine alone and say so"

// showHook shows what the hook was told.
func (p *play) showHook() error {
	text, err := os.ReadFile(p.stage.hookEnv())
	if err != nil {
		return fmt.Errorf("the hook was not called: %w", err)
	}
	var told []string
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if strings.HasPrefix(name, "PROCWARD_") && value != "" {
			told = append(told, shellWord(name, value))
		}
	}
	slices.Sort(told)
	for _, want := range []string{"PROCWARD_EVENT=escalate", "PROCWARD_GROUP=" + demoGroup, "PROCWARD_PROCESS=" + demoCrash, "PROCWARD_RUNG=hook"} {
		if !slices.Contains(told, want) {
			return fmt.Errorf("the hook was not told %s, but %q", want, told)
		}
	}
	p.show(entry{Demo: "note", Name: demoGroup, Text: "the hook was told " + strings.Join(told, " ")})
	return nil
}

func shellWord(name, value string) string {
	if strings.Contains(value, " ") {
		value = "'" + value + "'"
	}
	return name + "=" + value
}
