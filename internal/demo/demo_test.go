package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"bufio"
	"golang.org/x/sys/unix"
	"io"

	confd "procward/conf.d"
	"procward/procscan"
)

// demoIn is a demo that makes its directory in dir.
func demoIn(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("procward", append([]string{"demo"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	return cmd
}

// nothingLeft waits until no process has dir in its arguments and nothing is in it.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	match := procscan.DefaultMatch()
	match.Args = regexp.QuoteMeta(dir + "/" + stagePrefix)
	matcher, err := match.Compile()
	if err != nil {
		t.Fatal(err)
	}
	proc, err := procscan.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	scanner := procscan.NewScanner(proc)
	defer scanner.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		found, err := scanner.Scan(t.Context(), []*procscan.Matcher{matcher})
		if err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(found[0].Matching) == 0 && len(files) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("left are %v, %v", found[0].Matching, files)
		}
	}
}

// asNobody makes the demo run as a user without rights, where we have any, and in a
// directory of that user's.
func asNobody(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	home, err := os.MkdirTemp("", "procward-nobody-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	cmd.Path, cmd.Dir = filepath.Join(home, "procward"), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Copied by another process: children that other tests fork in this moment would hold
	// a file open that we write, and it could not be executed (ETXTBSY).
	if err := errors.Join(exec.Command("cp", self, cmd.Path).Run(), os.Chmod(home, 0o755), os.Chown(dir, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
}

// TestDemoJSON runs the demo without root.
func TestDemoJSON(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	t.Parallel()
	dir, err := os.MkdirTemp("", "procward-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd := demoIn(dir, "--json")
	asNobody(t, cmd, dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	nothingLeft(t, dir)
	var us map[string]int64
	results, last := 0, ""
	for line := range bytes.Lines(out) {
		var e struct {
			Time     time.Time
			ID       string
			Event    string
			Demo     string
			OK       bool
			Measured map[string]int64 `json:"measured_us"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Time.IsZero() || (e.ID == "") == (e.Demo == "") || (e.ID == "") != (e.Event == "") {
			t.Errorf("neither a message nor an entry: %s", line)
		}
		if e.Demo == "result" && e.OK {
			results++
		}
		if e.Measured != nil {
			us = e.Measured
		}
		last = fmt.Sprint(e.Demo, " ", e.OK)
	}
	if results != len(demoScenes) || last != "end true" {
		t.Errorf("%d results, the last line is %s", results, last)
	}
	if us["wakeup"] <= 0 || us["wakeup"] > us["down"] || us["down"] > us["recovered"] || us["script"] <= 0 || us["up"] > us["recovered"] {
		t.Errorf("measured %v", us)
	}
}

// TestDemoEndsEarly ends the demo in the middle, also in ways that it cannot see.
func TestDemoEndsEarly(t *testing.T) {
	for _, sig := range []syscall.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGKILL, unix.SIGPIPE} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := demoIn(dir)
			pipe, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var rest strings.Builder
			lines := bufio.NewReader(pipe)
			for line := ""; !strings.Contains(line, "PW0301 process=web"); {
				if line, err = lines.ReadString('\n'); err != nil {
					t.Fatalf("the demo ended: %v", err)
				}
			}
			if sig == unix.SIGPIPE {
				pipe.Close()
			} else if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			} else if _, err := io.Copy(&rest, lines); err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			nothingLeft(t, dir)
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("it ended with %v", err)
			}
			status := exit.Sys().(syscall.WaitStatus)
			if sig == unix.SIGKILL || sig == unix.SIGPIPE {
				if status.Signal() != sig {
					t.Errorf("it ended with %v", err)
				}
				return
			}
			if status.ExitStatus() != codeFailed || !strings.Contains(rest.String(), "FAILED  interrupted; cleaned up") {
				t.Errorf("it ended with %v and said\n%s", err, &rest)
			}
		})
	}
}

// TestDemoTells what does not go as it should.
func TestDemoTells(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	t.Parallel()
	dir := t.TempDir()
	s, err := newStage(dir)
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(s.path("restart"))
	if err != nil {
		t.Fatal(err)
	}
	twice := strings.Replace(string(script), "\n", "\n"+`echo "script $1 $$" 1<>"${0%/*}/events"`+"\n", 1)
	if err := os.WriteFile(s.path("restart"), []byte(twice), 0o755); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if ok, err := demo(context.Background(), s, newTextBill(&out)); ok || err != nil {
		t.Errorf("demo returned %v, %v", ok, err)
	}
	nothingLeft(t, dir)
	for _, want := range []string{"FAILED  the restart script of web ran 2 times, not 1", "FAILED  not as it should be: step 2, 4, 5, 6; cleaned up"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not told:\n%s", want, &out)
		}
	}
}

// TestDemoInOddDirectory holds that a name cannot break the drop-ins, nor change what
// they match.
func TestDemoInOddDirectory(t *testing.T) {
	for _, name := range []string{`a b'c"d`, `(x|`, `{DIR}`, "ünï\\d"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		s, err := newStage(dir)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := confd.NewLoader(s.confDir(), confd.Options{}).Load()
		if err != nil || len(cfg.Processes) != len(demoNames) || len(cfg.Problems) > 0 {
			t.Fatalf("%s: %v, %v", name, err, cfg.Problems)
		}
		for _, victim := range demoNames {
			p := cfg.Processes[victim]
			if args := regexp.MustCompile(p.Match.Args); !args.MatchString(s.path(demoPrefix+victim)) || args.MatchString(s.path(demoPrefix)) {
				t.Errorf("%s matches %s", victim, p.Match.Args)
			}
			if p.Restart.Run[1] != s.path("restart") {
				t.Errorf("%s is restarted by %q", victim, p.Restart.Run)
			}
		}
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	}
}

// TestVictimElsewhere holds that a victim that was put anywhere else touches nothing.
func TestVictimElsewhere(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := stage{dir: t.TempDir()}
	if err := errors.Join(os.Symlink(self, s.path("demo-web")), unix.Mkfifo(s.events(), 0o600)); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(s.path("demo-web")).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("belongs to procward demo")) {
		t.Errorf("it ended with %v and said %s", err, out)
	}
	// The FIFO has no writer, as if a demo had ended.
	if err := unix.Mkfifo(s.alive(), 0o600); err != nil {
		t.Fatal(err)
	}
	listen, err := os.OpenFile(s.events(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer listen.Close()
	out, err = exec.Command(s.path("demo-web")).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("not a directory of the demo")) {
		t.Errorf("it ended with %v and said %s", err, out)
	}
	if _, err := os.Lstat(s.alive()); err != nil {
		t.Error("it removed a directory that is not the demo's")
	}
}

func TestWrapped(t *testing.T) {
	b := textBill{width: indent + 10}
	for text, want := range map[string]string{
		"":                          "",
		"one":                       "one",
		"one two th":                "one two th",
		"one two three":             "one two\n" + strings.Repeat(" ", indent) + "three",
		"a word-that-is-too-long b": "a\n" + strings.Repeat(" ", indent) + "word-that-is-too-long\n" + strings.Repeat(" ", indent) + "b",
	} {
		if got := b.wrapped(text); got != want {
			t.Errorf("%q is wrapped to %q", text, got)
		}
	}
}
