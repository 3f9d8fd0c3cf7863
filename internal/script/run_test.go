package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/ktime"
	"procward/internal/launch"
	"procward/internal/testbed"
)

// TestMain sets the umask as the daemon does. In the role of a runner it is a small
// daemon that runs one script and prints its output, to be started with things that
// the script must not inherit.
func TestMain(m *testing.M) {
	if code, mine := launch.Main(os.Args); mine {
		os.Exit(code)
	}
	testbed.Leash()
	unix.Umask(0o022)
	if len(os.Args) > 1 && os.Args[1] == "as-runner" {
		os.Exit(asRunner(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func asRunner(argv []string) int {
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP, unix.SIGINT, unix.SIGTERM) // as the daemon does
	r := &Runner{}
	r.Prepare()
	if s := os.Getenv("FILES_RAISED"); s != "" {
		if res := r.Run(context.Background(), Job{Argv: Argv{"/bin/true"}, Timeout: 20 * time.Second}, nil); !res.OK() {
			fmt.Printf("%+v\n", res)
			return 1
		}
		var raised unix.Rlimit
		fmt.Sscan(s, &raised.Cur)
		raised.Max = raised.Cur
		if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &raised, nil); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	defer r.Close()
	res := r.Run(context.Background(), Job{Argv: argv, Timeout: 20 * time.Second, Whole: os.Getenv("WHOLE") != ""}, nil)
	if !res.OK() {
		fmt.Printf("%+v\n", res)
		return 1
	}
	fmt.Println(res.Output)
	return 0
}

// runInRunner starts this test as a small daemon, through wrapper ("nice -n 5").
func runInRunner(t *testing.T, prepare func(*exec.Cmd), wrapper []string, argv ...string) string {
	t.Helper()
	args := append(append(append([]string{}, wrapper...), os.Args[0], "as-runner"), argv...)
	cmd := exec.Command(args[0], args[1:]...)
	if prepare != nil {
		prepare(cmd)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func newRunner(t testing.TB) *Runner {
	t.Helper()
	r := &Runner{}
	t.Cleanup(func() { r.Close() })
	return r
}

// write makes an executable file. The lock keeps it from being open for writing in a
// child that another test forks at this moment, which would make it busy (ETXTBSY).
func write(t testing.TB, content string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "script-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "job")
	syscall.ForkLock.RLock()
	err = os.WriteFile(name, []byte(content), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func shell(t testing.TB, body string, args ...string) Job {
	t.Helper()
	return Job{Argv: append(Argv{write(t, "#!/bin/sh\n"+body+"\n")}, args...), Timeout: 20 * time.Second}
}

func run(t testing.TB, job Job) Result {
	t.Helper()
	return newRunner(t).Run(context.Background(), job, nil)
}

// eventually polls a condition that another process brings about.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	testbed.Until(t, what, cond)
}

func TestEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body string
		want Result
	}{
		{"exit 0", Result{Code: 0}},
		{"echo hello; echo bad >&2; exit 3", Result{Code: 3, Output: "hello | bad"}},
		{"exit 255", Result{Code: 255}},
		{"kill -KILL $$", Result{Code: -1, Signal: "SIGKILL"}},
		{"kill -SEGV $$", Result{Code: -1, Signal: "SIGSEGV"}},
		{"kill -40 $$", Result{Code: -1, Signal: "SIG40"}},
		{`printf '%s,' "$@"`, Result{Code: 0, Output: "a b,$HOME,*,;,,"}},
	} {
		got := run(t, shell(t, c.body, "a b", "$HOME", "*", ";", ""))
		if got.PID == 0 || got.Took <= 0 || got.Took > time.Minute {
			t.Errorf("%s: PID %d, took %v", c.body, got.PID, got.Took)
		}
		got.PID, got.Took = 0, 0
		if got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.body, got, c.want)
		}
		if ok := c.want.Code == 0; got.OK() != ok {
			t.Errorf("%s: OK is %v", c.body, got.OK())
		}
	}
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		path string
		is   error
		says string
	}{
		"not there":            {filepath.Join(dir, "nothing"), unix.ENOENT, "no such file or directory"},
		"no interpreter":       {write(t, "#!/no/such/shell -e\n"), unix.ENOENT, `"/no/such/shell", which its first line names as its interpreter, is not`},
		"carriage return":      {write(t, "#!/bin/sh\r\nexit 0\r\n"), unix.ENOENT, "ends in a carriage return"},
		"no first line":        {write(t, "exit 0\n"), unix.ENOEXEC, "its first line is not like #!/bin/sh"},
		"empty":                {write(t, ""), unix.ENOEXEC, "its first line is not like #!/bin/sh"},
		"another machine":      {write(t, "\x7fELF\x01\x02\n"), unix.ENOEXEC, "another machine, or damaged"},
		"a directory":          {dir, unix.EACCES, "it is a directory"},
		"not executable":       {"/etc/passwd", unix.EACCES, "chmod +x /etc/passwd"},
		"no program":           {"", nil, "no program"},
		"not an absolute path": {"sh", nil, "no program"},
	} {
		called := false
		res := newRunner(t).Run(context.Background(), Job{Argv: Argv{c.path}, Timeout: time.Second}, func(int, time.Duration) { called = true })
		if res.Err == nil || res.OK() || res.PID != 0 || res.Code != -1 || called {
			t.Errorf("%s: %+v, started called: %v", name, res, called)
			continue
		}
		if !strings.Contains(res.Err.Error(), c.says) || !strings.Contains(res.Err.Error(), c.path) {
			t.Errorf("%s: %v", name, res.Err)
		}
		if c.is != nil && !errors.Is(res.Err, c.is) {
			t.Errorf("%s: %v is not %v", name, res.Err, c.is)
		}
	}
}

func TestBusyFile(t *testing.T) {
	t.Parallel()
	name := write(t, "#!/bin/sh\n")
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	res := run(t, Job{Argv: Argv{name}, Timeout: time.Second})
	if !errors.Is(res.Err, unix.ETXTBSY) || !strings.Contains(res.Err.Error(), "open for writing") {
		t.Error(res.Err)
	}
}

func TestGuardedBeforeEveryStartAsRoot(t *testing.T) {
	t.Parallel()
	job := shell(t, "exit 0")
	r := newRunner(t)
	r.Guarded = true
	if res := r.Run(context.Background(), job, nil); !res.OK() {
		t.Fatalf("%+v", res)
	}
	if err := os.Chmod(job.Argv[0], 0o777); err != nil {
		t.Fatal(err)
	}
	res := r.Run(context.Background(), job, nil)
	if os.Geteuid() != 0 {
		if !res.OK() {
			t.Errorf("without root: %+v", res)
		}
		return
	}
	if res.Err == nil || !strings.Contains(res.Err.Error(), "is writable by everybody") || res.PID != 0 || res.Lack {
		t.Errorf("%+v", res)
	}
}

func TestStartedIsToldAtOnce(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	before := ktime.Boottime()
	var pid int
	var at time.Duration
	res := newRunner(t).Run(context.Background(), shell(t, "echo $$; read x < "+fifo), func(p int, a time.Duration) {
		pid, at = p, a
		if err := os.WriteFile(fifo, []byte("go on\n"), 0); err != nil { // it runs: else this blocks
			t.Error(err)
		}
	})
	if !res.OK() || res.PID != pid || res.Output != fmt.Sprint(pid) {
		t.Errorf("%+v, started told %d", res, pid)
	}
	if at < before || at > ktime.Boottime() {
		t.Errorf("started at %v, not between %v and now", at, before)
	}
}

func TestHundredAtOnce(t *testing.T) {
	t.Parallel()
	job := shell(t, `echo $$; exit 7`)
	r := newRunner(t)
	pids := make([]int, 100)
	var wg sync.WaitGroup
	for i := range pids {
		wg.Go(func() {
			res := r.Run(context.Background(), job, nil)
			if res.Err != nil || res.Code != 7 || res.Output != fmt.Sprint(res.PID) {
				t.Errorf("%+v", res)
			}
			pids[i] = res.PID
		})
	}
	wg.Wait()
	for _, pid := range pids {
		if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err != unix.ECHILD {
			t.Errorf("%d is not reaped: %v", pid, err)
		}
	}
	testbed.Until(t, "the outputs are let go", func() bool { return len(outputs(r)) == 0 })
}

func TestCancelledLeavesTheScriptRunning(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := newRunner(t)
	res := r.Run(ctx, shell(t, "read x < "+fifo), func(int, time.Duration) { cancel() })
	if !errors.Is(res.Err, context.Canceled) || res.OK() || res.PID == 0 {
		t.Fatalf("%+v", res)
	}
	if err := unix.Kill(res.PID, 0); err != nil {
		t.Fatalf("the script is gone: %v", err)
	}
	if err := os.WriteFile(fifo, []byte("end\n"), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the script is reaped", func() bool { return unix.Kill(res.PID, 0) == unix.ESRCH })
	testbed.Until(t, "its output is let go", func() bool { return len(outputs(r)) == 0 })

	if res := r.Run(ctx, shell(t, "exit 0"), nil); !errors.Is(res.Err, context.Canceled) || res.PID != 0 {
		t.Errorf("run after the end: %+v", res)
	}
}
