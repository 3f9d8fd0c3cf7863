package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"procward/internal/script"
	"procward/internal/testbed"
)

func scripts(t testing.TB) *script.Runner {
	t.Helper()
	r := &script.Runner{}
	t.Cleanup(func() { r.Close() })
	return r
}

// shell is an exec check of a shell script.
func shell(t *testing.T, body string, change func(*Exec)) *executor {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	e := DefaultExec()
	e.Run = script.Argv{file}
	change(&e)
	if err := e.validate(Check{}); err != nil {
		t.Fatal(err)
	}
	return &executor{spec: &e, scripts: scripts(t)}
}

func TestExec(t *testing.T) {
	t.Parallel()
	usual := func(*Exec) {}
	for _, c := range []struct {
		body    string
		change  func(*Exec)
		outcome Outcome
		words   string
	}{
		{"exit 0", usual, Success, "exit code 0"},
		{"exit 1", usual, Success, "exit code 1"},
		{"exit 2", usual, Failure, "exit code 2"},
		{"exit 3", usual, Unknown, "exit code 3"},
		{"exit 4", usual, Unknown, "exit code 4"},
		{"exit 1", func(e *Exec) { e.Warning = CountsFail }, Failure, "exit code 1"},
		{"exit 3", func(e *Exec) { e.Unknown = CountsFail }, Failure, "exit code 3"},
		{"exit 99", func(e *Exec) { e.Unknown = CountsFail }, Failure, "exit code 99"},
		{"exit 0", func(e *Exec) { e.OK = []int{2, 10} }, Unknown, "exit code 0"},
		{"exit 2", func(e *Exec) { e.OK = []int{2, 10} }, Success, "exit code 2"},
		{"exit 10", func(e *Exec) { e.OK = []int{2, 10} }, Success, "exit code 10"},
		{"kill -SEGV $$", usual, Unknown, "ended by SIGSEGV"},
		{"kill -SEGV $$", func(e *Exec) { e.Unknown = CountsFail }, Failure, "ended by SIGSEGV"},
		{`echo "PING CRITICAL - 100% lost | rta=1ms;2;3"; echo more; exit 2`, usual, Failure, "exit code 2: PING CRITICAL - 100% lost"},
		{`echo "first"; echo "second | x=1"`, usual, Success, "exit code 0: first"},
		{`echo "$GREETING"`, func(e *Exec) { e.Env = map[string]string{"GREETING": "hello"} }, Success, "exit code 0: hello"},
	} {
		t.Run(c.body, func(t *testing.T) {
			r := shell(t, c.body, c.change).check(t.Context(), long)
			if r.outcome != c.outcome || r.text != c.words {
				t.Errorf("%v, %s; want %v, %s", r.outcome, r.text, c.outcome, c.words)
			}
		})
	}
}

func TestExecOutput(t *testing.T) {
	t.Parallel()
	r := shell(t, `echo "DISK OK | /=1GB;2;3"; echo "/var is fine"; exit 0`, func(*Exec) {}).check(t.Context(), long)
	if want := "DISK OK | /=1GB;2;3 | /var is fine"; r.output != want {
		t.Errorf("got %s, want %s", r.output, want)
	}
}

func TestExecThatCannotStart(t *testing.T) {
	t.Parallel()
	e := shell(t, "exit 0", func(e *Exec) { e.Unknown = CountsFail })
	e.spec.Run = script.Argv{"/does/not/exist"}
	e.check(t.Context(), long).is(t, Unknown, false, "no such file")
	e = shell(t, "exit 0", func(e *Exec) { e.User = "no-such-user" })
	e.check(t.Context(), long).is(t, Unknown, false, `there is no user "no-such-user"`)
}

// TestExecThatHangs holds that a program that hangs with a child that ignores SIGTERM and
// holds its output open is ended with it, and is late.
func TestExecThatHangs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf("echo begun\n(trap '' TERM; echo $$ > %[1]s/me; exec sleep 600) &\necho $! > %[1]s/child.new; mv %[1]s/child.new %[1]s/child\nread x < %[2]s", dir, fifo)
	e := shell(t, body, func(*Exec) {})
	var data []byte
	for timeout := 300 * time.Millisecond; len(data) == 0; timeout *= 2 { // until it has come so far in its time
		if timeout > long {
			t.Fatal("the script does not begin")
		}
		r := e.check(t.Context(), timeout)
		r.is(t, Unknown, true, "no result within "+timeout.String())
		data, _ = os.ReadFile(filepath.Join(dir, "child"))
		if len(data) > 0 && r.output != "begun" {
			t.Errorf("output %q", r.output)
		}
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the grandchild is gone", func() bool { return !alive(pid) })
}

// TestExecIsBrokenOff holds that a program ends when nobody wants its result.
func TestExecIsBrokenOff(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	e := shell(t, "echo $$ > "+file+".new; mv "+file+".new "+file+"; exec sleep 600", func(*Exec) {})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan result, 1)
	go func() { done <- e.check(ctx, time.Hour) }()
	eventually(t, "it runs", func() bool { _, err := os.Stat(file); return err == nil })
	cancel()
	r := <-done
	if r.outcome != Unknown || r.late || !strings.Contains(r.text, "ended by SIGTERM") && !strings.Contains(r.text, "not wanted any more") { // the word of its start may come after this
		t.Errorf("%v, late %v, %s", r.outcome, r.late, r.text)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is gone", func() bool { return !alive(pid) })
}

// alive reports whether there is a process that is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return rest[0] != 'Z'
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	testbed.Until(t, what, holds)
}

// TestExecThatCannotBeEnded holds that a program which hangs in the kernel is no failure of
// the service, and that none is started beside it.
func TestExecThatCannotBeEnded(t *testing.T) {
	t.Parallel()
	e := shell(t, "exit 2", func(*Exec) {})
	left := make(chan struct{})
	hung := script.Result{Code: -1, TimedOut: true, Err: errors.New("still there after SIGKILL"), Left: left}
	e.result(hung, time.Second).is(t, Unknown, false, "no result within 1s: still there after SIGKILL")
	e.left = left
	once(t, e, long).is(t, Unknown, false, "no other is started")
	close(left)
	once(t, e, long).is(t, Failure, false, "exit code 2")
}

// TestExecLineIsBounded holds that the cause of a restart stays one that can be read.
func TestExecLineIsBounded(t *testing.T) {
	t.Parallel()
	r := once(t, shell(t, `i=0; while [ $i -lt 3000 ]; do printf ä; i=$((i+1)); done; exit 2`, func(*Exec) {}), long)
	if len(r.text) > maxLine+50 || !utf8.ValidString(r.text) || !strings.HasSuffix(r.text, "…") {
		t.Errorf("%d bytes: %q", len(r.text), r.text)
	}
}
