package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	confd "procward/conf.d"
)

func config(t *testing.T, text string) *confd.Config {
	t.Helper()
	cfg, err := confd.Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}})
	if err != nil || len(cfg.Problems) > 0 {
		t.Fatal(err, cfg.Problems)
	}
	return cfg
}

// told is a play in words: "2s attempt 2", to the tenth of a second.
func told(p Play) string {
	var lines []string
	for _, s := range p.Steps {
		line := fmt.Sprintf("%.1fs %s", s.At.Seconds(), s.Kind)
		if s.Kind == Attempt || s.Kind == Rung {
			line += fmt.Sprint(" ", s.Number)
		}
		lines = append(lines, strings.TrimSpace(line+" "+s.Rung.Name()))
	}
	return strings.Join(lines, "\n")
}

func holds(t *testing.T, p Play, want ...string) {
	t.Helper()
	if got := told(p); got != strings.Join(want, "\n") {
		t.Errorf("the play is\n%s\n\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

const web = `
processes:
  httpd:
    group: web
    match: {exe: /usr/sbin/httpd}
    restart: {run: /bin/true, attempts: 2, timeout: 10s, start-timeout: 5s, settle: 4s, backoff: {jitter: 0}, kill: {timeout: 2s}}
  app:
    group: web
    match: {name: app}
    restart: {run: /bin/true, attempts: 2, timeout: 10s, start-timeout: 5s, settle: 4s, kill: {timeout: 2s}}
groups:
  web:
    %s
    escalate:
      - restart-group: {wait: 20s}
      - reboot: {wait: 1s}
      - hook: {run: /bin/true, timeout: 30s}
`

// A rung below one that waits is not climbed before that wait is over, and what each attempt
// needs to fail is counted: nothing is lost at once after its death.
func TestARungWaits(t *testing.T) {
	cfg := config(t, fmt.Sprintf(web, "strategy: one"))
	holds(t, Death(cfg, "httpd", Quick),
		"0.0s attempt 1", "2.0s attempt 2", "3.0s exhausted", "3.0s rung 1 restart-group", "23.0s rung 1 reboot", "23.0s rung 1 hook", "23.0s given-up")
	holds(t, Climb(cfg, "web", Quick),
		"0.0s rung 1 restart-group", "20.0s rung 1 reboot", "20.0s rung 1 hook", "20.0s given-up")
}

// Each script runs into its timeout of 10 s and is killed 5 s later; what it starts comes
// nearly 5 s after that, and ends nearly 4 s after it was found.
func TestASlowOutage(t *testing.T) {
	cfg := config(t, fmt.Sprintf(web, "strategy: one"))
	p := Death(cfg, "httpd", Slow)
	if len(p.Steps) != 7 || p.Cut {
		t.Fatalf("the play is\n%s", told(p))
	}
	for i, want := range []float64{0, 24, 48, 48} {
		if got := p.Steps[i].At.Seconds(); got < want || got > want+2 {
			t.Errorf("step %d comes at %.1fs, want about %.0fs:\n%s", i, got, want, told(p))
		}
	}
}

// Of a group that is restarted as one, each attempt is a restart of it.
func TestAGroupThatIsRestartedAsOne(t *testing.T) {
	cfg := config(t, fmt.Sprintf(web, "strategy: all"))
	p := Death(cfg, "httpd", Quick)
	if got := told(p); !strings.HasPrefix(got, "0.0s attempt 1\n2.0s attempt 2\n3.0s exhausted\n3.0s rung 1 restart-group") {
		t.Errorf("the play is\n%s", got)
	}
}

// What is rehearsed leaves the configuration as it is.
func TestARehearsalChangesNothing(t *testing.T) {
	cfg := config(t, fmt.Sprintf(web, "strategy: one"))
	cfg.Daemon.Observe = true
	before := fmt.Sprintf("%+v", cfg.Processes)
	if p := Climb(cfg, "web", Slow); !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind == GivenUp }) {
		t.Errorf("the play is\n%s", told(p))
	}
	if after := fmt.Sprintf("%+v", cfg.Processes); after != before || !cfg.Daemon.Observe {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
}

// A check that stays bad whatever is restarted, of a monitor with a ladder.
func TestABadCheck(t *testing.T) {
	cfg := config(t, `
processes:
  httpd: {match: {name: httpd}, restart: {run: /bin/true}}
monitors:
  port:
    tcp: {address: '127.0.0.1:80'}
    interval: 10s
    timeout: 5s
    failures: 3
    recover: httpd
    attempts: 1
    escalate: [{stop-daemon: {}}]
`)
	p := Failure(cfg, "port", Quick)
	if len(p.Steps) != 3 || p.Steps[0].Kind != Attempt || p.Steps[1].Kind != Exhausted || p.Steps[2].Kind != StopDaemon || p.Steps[1].At.Seconds() < 20 {
		t.Errorf("the play is\n%s", told(p))
	}
}

// It ends in a way after which a restart is tried.
func TestAnEndThatIsRestarted(t *testing.T) {
	cfg := config(t, `
processes:
  job: {match: {name: job}, restart: {run: /bin/true, attempts: 1, when: abnormal, clean: [0, 1], final: [2]}}
`)
	holds(t, Death(cfg, "job", Quick), "0.0s attempt 1", "1.0s exhausted", "1.0s given-up")
}

// What lies between a stall and its restart: the delay, in which the evidence is taken, and
// the kill.
func TestAStall(t *testing.T) {
	cfg := config(t, `
processes:
  httpd:
    match: {name: httpd}
    restart: {run: /bin/true, delay: 3s, kill: {timeout: 5s}}
    stall: [{http: {url: 'http://127.0.0.1/'}}]
`)
	least := 3*time.Second + cfg.Processes["httpd"].Restart.Kill.Longest()
	if got := Stall(cfg, "httpd", "http", 2*time.Second); got < least || got > least+100*time.Millisecond {
		t.Errorf("the restart comes %v after it, want %v", got, least)
	}
}
