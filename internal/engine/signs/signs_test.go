package signs

import (
	"fmt"
	"strings"
	"testing"

	"procward/procscan"
	"procward/watch"
	"procward/watch/probe"
)

// play is an attention, with two processes whose signs may be watched.
type play struct {
	Attention
	rounds int
}

func (p *play) round() int { p.rounds++; return p.rounds }

// words is commands in short.
func words(commands []Command) string {
	var out []string
	for _, c := range commands {
		switch c := c.(type) {
		case Watch:
			out = append(out, fmt.Sprintf("watch %d, round %d", len(c.IDs), c.Round))
		case Leave:
			out = append(out, map[bool]string{true: "leave for now", false: "leave"}[c.Stays])
		}
	}
	return strings.Join(out, "; ")
}

// want watches a check with a number of failures, and the signs of some PIDs.
func want(failures int, pids ...int) Watch {
	w := Watch{Target: "httpd", Checks: []probe.Check{{Kinds: probe.Kinds{TCP: &probe.TCP{Address: "127.0.0.1:80"}}}}}
	w.Checks[0].Failures.N = failures
	for _, pid := range pids {
		w.IDs = append(w.IDs, procscan.ID{PID: pid})
	}
	return w
}

func TestRounds(t *testing.T) {
	var p play
	for _, c := range []struct {
		what string
		do   func() []Command
		want string
	}{
		{"nothing is left", func() []Command { return p.Leave("httpd") }, ""},
		{"the first", func() []Command { return p.Watch(want(1, 1, 2), 0, p.round) }, "watch 2, round 1"},
		{"the same", func() []Command { return p.Watch(want(1, 1, 2), 0, p.round) }, ""},
		{"one has gone", func() []Command { return p.Watch(want(1, 2), 0, p.round) }, "watch 1, round 1"},
		{"none is left of them", func() []Command { return p.Watch(want(1, 3), 0, p.round) }, "watch 1, round 2"},
		{"another spec", func() []Command { return p.Watch(want(2, 3), 0, p.round) }, "watch 1, round 3"},
		{"asked for", func() []Command { p.Afresh = true; return p.Watch(want(2, 3), 0, p.round) }, "watch 1, round 4"},
		{"for now", func() []Command { return p.Later("httpd", nil, 0, p.round) }, "leave for now"},
		{"again", func() []Command { return p.Later("httpd", nil, 0, p.round) }, ""},
		{"gone", func() []Command { return p.Leave("httpd") }, "leave"},
	} {
		if got := words(c.do()); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestABadSignIsBadUntilItIsOK(t *testing.T) {
	var p play
	p.Watch(want(1, 1), 0, p.round)
	for _, c := range []struct {
		verdict       watch.Verdict
		bad           bool
		kind, stalled string
	}{
		{watch.OK, false, "", ""},
		{watch.Failing, false, "probe-failed", "probe-failed"},
		{watch.Bad, true, "", "probe-bad"},
		{watch.Blind, true, "probe-unknown", "probe-unknown"},
		{watch.OK, false, "probe-ok", "probe-ok"},
	} {
		s := watch.SignChange{Name: "tcp", Round: 1, Verdict: c.verdict}
		if !p.Hears(s) {
			t.Fatalf("%s is not heard", c.verdict)
		}
		old := p.Take(s)
		if p.Bad() != c.bad || event(old, s, false) != c.kind || event(old, s, true) != c.stalled {
			t.Errorf("%s: bad is %v, told as %q and %q", c.verdict, p.Bad(), event(old, s, false), event(old, s, true))
		}
	}
	if p.Hears(watch.SignChange{Name: "tcp", Round: 7}) {
		t.Error("a sign of another round is heard")
	}
}

func event(old Sign, s watch.SignChange, stalled bool) string {
	if kind := Kind(old, s, stalled); kind != nil {
		return kind.Event
	}
	return ""
}
