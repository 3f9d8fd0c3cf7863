package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/control"
	"procward/internal/state"
	"procward/internal/testbed"
)

// stormScript restarts one target. That it runs is marked by a directory, so that two at
// once are seen; procward ends one with SIGTERM if its target dies before the script ends.
// Targets hold no descriptor of the script.
const stormScript = `#!/bin/sh
dir=%s
n=$1
trap 'rmdir "$dir/running-$n"; exit 1' TERM
mkdir "$dir/running-$n" 2>/dev/null || echo "$n at $(date +%%T.%%N)" >>"$dir/errors"
echo run >>"$dir/ran-$n"
sleep 0.0$((n %% 5))
sleep 9%s.$n </dev/null >/dev/null 2>&1 &
echo $! >"$dir/pid-$n"
rmdir "$dir/running-$n"
`

// storm is a daemon that is killed again and again while its targets are.
type storm struct {
	t       *testing.T
	dir     string
	state   string // the state directory
	targets int
	unique  string
	out     record
}

// record is what a daemon has written so far.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func (r *record) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Reset()
}

func newStorm(t *testing.T, targets int) *storm {
	dir := t.TempDir()
	s := &storm{t: t, dir: dir, state: filepath.Join(dir, "state"), targets: targets, unique: strconv.Itoa(os.Getpid())}
	s.write("start.sh", fmt.Sprintf(stormScript, s.dir, s.unique), 0o755)
	var conf strings.Builder
	conf.WriteString("daemon: {parallel-restarts: 8}\nprocesses:\n")
	for n := range targets {
		fmt.Fprintf(&conf, `  t%d:
    match: {name: sleep, args: '^sleep 9%s\.%d$'}
    restart: {run: [%s/start.sh, '%d'], attempts: unlimited, settle: 20ms, start-timeout: 2s, backoff: {initial: 5ms, max: 10ms}}
`, n, s.unique, n, s.dir, n)
	}
	if err := os.Mkdir(filepath.Join(s.dir, "conf"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.write("conf/storm.yaml", conf.String(), 0o644)
	t.Cleanup(func() {
		for n := range targets {
			s.kill(n)
		}
	})
	return s
}

func (s *storm) write(name, text string, mode os.FileMode) {
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
}

// kill kills a target, if it is what its PID file says.
func (s *storm) kill(n int) {
	pid := s.alive(n)
	if pid == 0 {
		return
	}
	_ = unix.Kill(pid, unix.SIGKILL)
}

// alive is the PID of a target that lives, or 0: the one of its PID file, else any. On a
// disk that fails a target may be there twice, and the file names the one that is dead.
func (s *storm) alive(n int) int {
	text, _ := os.ReadFile(filepath.Join(s.dir, "pid-"+strconv.Itoa(n)))
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && s.isTarget(pid, n) {
		return pid
	}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && s.isTarget(pid, n) {
			return pid
		}
	}
	return 0
}

func (s *storm) isTarget(pid, n int) bool {
	args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return string(args) == fmt.Sprintf("sleep\x009%s.%d\x00", s.unique, n)
}

func (s *storm) daemon() *exec.Cmd {
	cmd := exec.Command(os.Args[0], "--config-dir", filepath.Join(s.dir, "conf"), "--state-dir", s.state,
		"--socket", filepath.Join(s.dir, "s"), "run", "--log-to", "stderr")
	cmd.Env = append(os.Environ(), asProcward+"=1")
	cmd.Stderr = &s.out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return cmd
}

// spent is the attempts that the state says were spent, and whether it can be read.
func (s *storm) spent() map[string]int {
	_, kept, problems, err := state.OpenBook(s.state, func(error) {})
	if err != nil || len(problems) > 0 {
		s.t.Fatalf("the state cannot be read: %v %v", err, problems)
	}
	out := map[string]int{}
	if kept == nil {
		return out
	}
	for key, v := range kept.Values {
		var p struct {
			History struct{ Spent []int64 } `json:"history"`
		}
		name, is := strings.CutPrefix(key, "process ")
		if err := json.Unmarshal(v, &p); err != nil {
			s.t.Fatal(err)
		}
		if is {
			out[name] = len(p.History.Spent)
		}
	}
	return out
}

func (s *storm) runs(n int) int {
	text, _ := os.ReadFile(filepath.Join(s.dir, "ran-"+strconv.Itoa(n)))
	return strings.Count(string(text), "run\n")
}

func (s *storm) runsOf(name string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "t"))
	return s.runs(n)
}

func (s *storm) until(what string, ok func() bool) {
	s.t.Helper()
	testbed.Tells(s.t, what, func() (string, bool) {
		if ok() {
			return "", true
		}
		return tail(s.out.String(), 4000), false
	})
}

func (s *storm) untilUp() {
	s.t.Helper()
	s.until("all targets are up", func() bool {
		for n := range s.targets {
			if s.alive(n) == 0 {
				return false
			}
		}
		return true
	})
}

func tail(s string, n int) string { return s[max(len(s)-n, 0):] }

// crashes is how often the daemon is killed; PROCWARD_CRASHES says otherwise.
func crashes() int {
	if n, err := strconv.Atoi(os.Getenv("PROCWARD_CRASHES")); err == nil {
		return n
	}
	return 12
}

func TestKilledDaemonLosesAndDoublesNoScript(t *testing.T) {
	s := newStorm(t, 50)
	s.rage(crashes(), func() {})
	s.judge(crashes())
}

// rage lets the targets die at random, and the daemon so often; once all were up for the
// first time it calls for a trouble. In the end all are up again.
func (s *storm) rage(kills int, trouble func()) {
	s.t.Helper()
	seed := uint64(time.Now().UnixNano())
	s.t.Logf("seed %d", seed)
	luck := rand.New(rand.NewPCG(seed, 0))
	for i := range kills {
		d := s.daemon()
		if i == 0 {
			s.untilUp()
			trouble()
		}
		s.blow(luck, time.Duration(100+luck.IntN(500))*time.Millisecond)
		_ = d.Process.Kill()
		_ = d.Wait()
		s.spent()
	}
	s.calm()
}

// blow kills targets for a while.
func (s *storm) blow(luck *rand.Rand, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		s.kill(luck.IntN(s.targets))
		time.Sleep(time.Duration(luck.IntN(10)) * time.Millisecond) // the pace of the storm
	}
}

// calm lets a last daemon bring all up, and end.
func (s *storm) calm() {
	s.t.Helper()
	d := s.daemon()
	client := control.NewClient(filepath.Join(s.dir, "s"))
	s.until("the daemon answers", func() bool {
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		defer cancel()
		_, _, err := client.Status(ctx)
		return err == nil
	})
	s.untilUp()
	_ = d.Process.Signal(unix.SIGTERM)
	if err := d.Wait(); err != nil {
		s.t.Fatalf("the daemon ended: %v\n%s", err, tail(s.out.String(), 4000))
	}
}

// judge holds that no script ran without an attempt, and that those which did not run
// are explained by the kills: at most one for each parallel slot each time.
func (s *storm) judge(kills int) {
	if text, err := os.ReadFile(filepath.Join(s.dir, "errors")); err == nil {
		s.t.Errorf("two scripts ran at once: %s", text)
		for _, n := range strings.Fields(string(text))[:1] {
			for line := range strings.Lines(s.out.String()) {
				if strings.Contains(line, "process=t"+n+" ") {
					s.t.Log(line)
				}
			}
		}
	}
	spent, prevented, total := s.spent(), 0, 0
	for n := range s.targets {
		name, runs := "t"+strconv.Itoa(n), s.runs(n)
		if runs > spent[name] {
			s.t.Errorf("%s: %d scripts ran, %d attempts are counted", name, runs, spent[name])
		}
		prevented, total = prevented+spent[name]-runs, total+runs
	}
	if prevented > 8*kills {
		s.t.Errorf("%d attempts are counted and did not run, after %d kills", prevented, kills)
	}
	s.t.Logf("%d kills of the daemon, %d scripts ran, %d were prevented by a kill", kills, total, prevented)
}
