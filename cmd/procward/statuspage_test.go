package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"procward/internal/engine"
	"procward/internal/terminal"
	"procward/procscan"
	"procward/watch"
)

func TestStatusPageShowsStallsAndMonitors(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	since := now.Add(-2 * time.Minute)
	s := engine.Status{Version: "1", Started: now.Add(-time.Hour), Detection: "pidfd", Processes: []engine.ProcessStatus{
		{Name: "httpd", State: engine.Waiting, Min: 1, Attempts: "3", Window: "24h", Stalled: "stalled: http: status 500",
			Tracked: []engine.TrackedPID{{ID: procscan.ID{PID: 7}}}, Signs: []engine.SignStatus{{Name: "http", Verdict: watch.Bad}}},
		{Name: "db", State: engine.Up, Min: 1, Attempts: "3", Window: "24h", Signs: []engine.SignStatus{
			{Name: "http", Verdict: watch.OK}, {Name: "fds", Verdict: watch.Failing}, {Name: "exec", Verdict: watch.Blind}, {Name: "new"}}},
	}, Monitors: []engine.MonitorStatus{
		{Name: "gateway", State: "given-up", Sign: &engine.SignStatus{Name: "tcp", Verdict: watch.Bad, Text: "no route to host", Since: &since}},
		{Name: "port", State: "not-judged", Recover: "httpd", AttemptsUsed: 1, Attempts: "3", Window: "24h", WaitsFor: "monitor gateway to be ok"},
	}}
	var b bytes.Buffer
	showStatus(terminal.Writer{Writer: &b}, s, now, false)
	var lines []string
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"httpd waiting 7 0s 0 of 3 in 24h - stalled: http: status 500",
		"db up - - 0 of 3 in 24h - fds is failing; exec is unknown",
		"MONITOR STATE SINCE RECOVERS ATTEMPTS NOW",
		"gateway given-up 2m - - no route to host",
		"port not-judged - httpd 1 of 3 in 24h waits for monitor gateway to be ok",
		"1 of 2 processes up: httpd is waiting, monitor gateway is given-up",
	} {
		found := false
		for _, line := range lines {
			found = found || line == want
		}
		if !found {
			t.Errorf("the page has no line %q:\n%s", want, b.String())
		}
	}
	if well(s) {
		t.Error("a stalled process and a monitor that has given up are well")
	}
}
