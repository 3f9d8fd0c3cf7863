package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
	"procward/internal/testbed/deadfs"
)

func TestMain(m *testing.M) {
	if code, mine := Main(os.Args); mine {
		os.Exit(code)
	}
	testbed.Leash()
	os.Exit(m.Run())
}

// said collects what is said of launchers.
type said struct {
	mu    sync.Mutex
	texts []string
}

func (s *said) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text)
}

func (s *said) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.texts, "; ")
}

func open(t *testing.T) (*Launchers, *said) {
	t.Helper()
	s := &said{}
	p := &Launchers{Say: s.say}
	t.Cleanup(p.Close)
	return p, s
}

func script(t *testing.T, body string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "script")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("#!/bin/sh\n" + body + "\n"); err != nil {
		t.Fatal(err)
	}
	return name
}

func program(argv ...string) Program {
	return Program{Argv: argv, Env: []string{"PATH=/usr/bin:/bin"}, Output: -1, Within: time.Minute}
}

// exitOf waits for a program and reaps it.
func exitOf(t *testing.T, p *Launchers, s Started) int {
	t.Helper()
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(s.PID, &status, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatalf("wait for %d: %v", s.PID, err)
		}
		p.Reaped(s.PID)
		return status.ExitStatus()
	}
}

func start(t *testing.T, p *Launchers, prog Program) Started {
	t.Helper()
	s, err := p.Start(t.Context(), prog)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// strangers are our children that are no launchers: they bear the name of one, and are
// not it.
func strangers(p *Launchers) []child {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []child
	for _, c := range children() {
		for l := range p.all {
			if c.name == l.name && c.pid != l.pid {
				out = append(out, c)
			}
		}
	}
	return out
}

func TestStart(t *testing.T) {
	p, _ := open(t)
	path := script(t, `exit "$1"`)
	for code := range 5 {
		if got := exitOf(t, p, start(t, p, program(path, fmt.Sprint(code)))); got != code {
			t.Errorf("exit code %d, want %d", got, code)
		}
	}
}

func TestRefusedLeavesNothingBehind(t *testing.T) {
	p, _ := open(t)
	exitOf(t, p, start(t, p, program("/bin/true")))
	for range 10 {
		if _, err := p.Start(t.Context(), program("/no/such/program")); !errors.Is(err, unix.ENOENT) || errors.Is(err, ErrLack) {
			t.Fatal(err)
		}
	}
	if left := strangers(p); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
}

// One program hangs in execve(2), one while its first line is read. Others are started, and
// the garbage is collected, as if there were none.
func TestHungExecution(t *testing.T) {
	for name, file := range map[string]string{"open": deadfs.Held, "read": deadfs.Read, "look-up": deadfs.Lost} {
		t.Run(name, func(t *testing.T) {
			fs := deadfs.Mount(t)
			p, said := open(t)
			exitOf(t, p, start(t, p, program("/bin/true")))
			path := filepath.Join(fs.Dir, file)
			hung := make(chan error, 1)
			go func() {
				prog := program(path)
				prog.Within = time.Second
				_, err := p.Start(context.Background(), prog)
				hung <- err
			}()
			for range 20 {
				runtime.GC()
				exitOf(t, p, start(t, p, program("/bin/true")))
			}
			var h *Hung
			if err := <-hung; !errors.As(err, &h) || !errors.Is(err, ErrLate) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(said.all(), path) {
				t.Errorf("said %q", said.all())
			}
			h.Kill()
			exitOf(t, p, start(t, p, program("/bin/true")))
			fs.End(t) // the next ones have nothing to hang on
			select {
			case <-h.Left():
			case <-time.After(time.Minute):
				t.Error("something is left of it")
			}
		})
	}
}

// A program that is not executed in time must not run later.
func TestHungAndKilledNeverRuns(t *testing.T) {
	p, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	fs := deadfs.Mount(t)
	go func() {
		<-fs.Hang
		cancel()
	}()
	_, err := p.Start(ctx, program(filepath.Join(fs.Dir, deadfs.Held)))
	var h *Hung
	if !errors.As(err, &h) || !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	h.Kill()
	fs.End(t)
	<-h.Left()
	if left := strangers(p); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
}

// Launchers are killed while they start programs: each program is started once, and its
// end is known.
func TestLaunchersAreKilled(t *testing.T) {
	p, _ := open(t)
	count := filepath.Join(t.TempDir(), "count")
	path := script(t, "echo $$ >> "+count+"; exit 7")
	stop, killer := make(chan struct{}), sync.WaitGroup{}
	killer.Go(func() {
		for pause := 7 * time.Millisecond; ; pause += pause / 20 { // however slow the machine is, some come to start one
			select {
			case <-stop:
				return
			case <-time.After(pause):
			}
			for _, c := range children() {
				if strings.HasPrefix(c.name, "pw-start-") && c.session == c.pid {
					args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c.pid))
					if strings.HasPrefix(string(args), Word) {
						_ = unix.Kill(c.pid, unix.SIGKILL)
						break
					}
				}
			}
		}
	})
	want, got := 0, 0
	for want < 40 {
		s, err := p.Start(t.Context(), program(path))
		if errors.Is(err, ErrLack) {
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		want++
		if code := exitOf(t, p, s); code != 7 {
			t.Errorf("exit code %d", code)
		}
	}
	close(stop)
	killer.Wait()
	text, _ := os.ReadFile(count)
	if got = strings.Count(string(text), "\n"); got != want {
		t.Errorf("%d were started, %d have run", want, got)
	}
}

func TestMany(t *testing.T) {
	p, _ := open(t)
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if code := exitOf(t, p, start(t, p, program("/bin/sh", "-c", "exit 3"))); code != 3 {
				t.Errorf("exit code %d", code)
			}
		})
	}
	all.Wait()
}

// With its end a daemon takes its launchers along.
func TestCloseEndsTheLaunchers(t *testing.T) {
	p, _ := open(t)
	exitOf(t, p, start(t, p, program("/bin/true")))
	mine := map[string]bool{}
	p.mu.Lock()
	mine[p.maker.name] = true
	for l := range p.all {
		mine[l.name] = true
	}
	p.mu.Unlock()
	p.Close()
	testbed.Until(t, "the launchers are gone", func() bool {
		for _, c := range children() {
			if mine[c.name] {
				return false
			}
		}
		return len(mine) > 1
	})
}

// theOne is the launcher that is ready.
func theOne(t *testing.T, p *Launchers) *launcher {
	t.Helper()
	exitOf(t, p, start(t, p, program("/bin/true")))
	testbed.Until(t, "a launcher that is ready, and no other to come", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.idle) > 0 && !p.making
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 1 { // the others are not to come to its help
		p.idle[0].end()
		p.idle = p.idle[1:]
	}
	return p.idle[0]
}

func TestLackOfDescriptorsIsNoFaultOfTheProgram(t *testing.T) {
	p, _ := open(t)
	l := theOne(t, p)
	var before unix.Rlimit
	if err := unix.Prlimit(l.pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = 5
	if err := unix.Prlimit(l.pid, unix.RLIMIT_NOFILE, &few, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Start(t.Context(), program("/bin/true")); !errors.Is(err, ErrLack) || !errors.Is(err, unix.EMFILE) {
		t.Errorf("got %v", err)
	}
	if err := unix.Prlimit(l.pid, unix.RLIMIT_NOFILE, &before, nil); err != nil {
		t.Fatal(err)
	}
	exitOf(t, p, start(t, p, program("/bin/true")))
}

func TestLackOfProcessesIsNoFaultOfTheProgram(t *testing.T) {
	group, err := os.MkdirTemp("/sys/fs/cgroup/pids", "launch-test-")
	if err != nil {
		t.Skip("no control group for processes: ", err)
	}
	t.Cleanup(func() { testbed.Until(t, "the control group is empty", func() bool { return os.Remove(group) == nil }) })
	p, _ := open(t)
	t.Cleanup(p.Close)
	l := theOne(t, p)
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(group, file), []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	write("cgroup.procs", fmt.Sprint(l.pid))
	write("pids.max", "1")
	if _, err := p.Start(t.Context(), program("/bin/true")); !errors.Is(err, ErrLack) || !errors.Is(err, unix.EAGAIN) {
		t.Errorf("got %v", err)
	}
	write("pids.max", "max")
	exitOf(t, p, start(t, p, program("/bin/true")))
}

// A limit of the user who is to run it (RLIMIT_NPROC) is his own affair.
func TestTheUsersOwnLimitIsNotOurs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	p, _ := open(t)
	prog := program("/bin/true")
	prog.User = "nobody"
	other := prog // setuid(2) counts those that the user has already
	other.Argv = []string{"/bin/sleep", "1000"}
	running := start(t, p, other)
	defer func() {
		_ = unix.Kill(running.PID, unix.SIGKILL)
		exitOf(t, p, running)
	}()
	l := theOne(t, p)
	if err := unix.Prlimit(l.pid, unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 0, Max: 0}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Start(t.Context(), prog); !errors.Is(err, unix.EAGAIN) || errors.Is(err, ErrLack) {
		t.Errorf("got %v", err)
	}
}
