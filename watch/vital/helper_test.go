package vital

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"procward/internal/ktime"
	"procward/internal/scalar"
	"procward/internal/testbed"
	"procward/procscan"
	"procward/watch"
)

// built is the directory with the victim, which TestMain removes.
var built = struct {
	sync.Once
	dir string
	why string
}{}

func TestMain(m *testing.M) {
	testbed.Leash()
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// victimProgram compiles testdata/victim.c, once.
func victimProgram(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		if _, err := exec.LookPath("gcc"); err != nil {
			built.why = "gcc is not there, and the victims are a C program"
			return
		}
		dir, err := os.MkdirTemp("", "vital-")
		if err != nil {
			built.why = err.Error()
			return
		}
		built.dir = dir
		out, err := exec.Command("gcc", "-O1", "-o", filepath.Join(dir, "victim"), "testdata/victim.c", "-lpthread").CombinedOutput()
		if err != nil {
			built.why = fmt.Sprintf("gcc: %v\n%s", err, out)
		}
	})
	if built.why != "" {
		t.Skip(built.why)
	}
	return filepath.Join(built.dir, "victim")
}

// victim is a process that gets faults as it is told.
type victim struct {
	*testbed.Victim
	id procscan.ID
}

func startVictim(t testing.TB) *victim {
	t.Helper()
	return startCommand(t, exec.Command(victimProgram(t)))
}

func startCommand(t testing.TB, cmd *exec.Cmd) *victim {
	t.Helper()
	v := testbed.NewVictim(t, cmd)
	return &victim{v, procscan.ID{PID: v.PID, Start: v.Start}}
}

// do has it obey one line, and gives its answer.
func (v *victim) do(format string, args ...any) int {
	v.T.Helper()
	text := v.Ask(format, args...)
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		v.T.Fatalf("the victim answered %q", text)
	}
	return n
}

// awaitState waits until the kernel shows it in a state.
func (v *victim) awaitState(states string) {
	v.T.Helper()
	fs := openProc(v.T)
	until(v.T, "state "+states, func() bool {
		p, err := fs.Read(v.id.PID)
		return err == nil && strings.IndexByte(states, p.State) >= 0
	})
}

func openProc(t testing.TB) *procscan.FS {
	t.Helper()
	fs, err := procscan.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fs.Close() })
	return fs
}

func identify(t testing.TB, pid int) procscan.ID {
	t.Helper()
	p, err := openProc(t).Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// until waits for a condition that no event announces.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	testbed.Until(t, what, done)
}

func d(length time.Duration) *scalar.Duration { return (*scalar.Duration)(&length) }

// stallSpec is a spec of signs only.
func stallSpec(signs ...Sign) Spec {
	var s Spec
	for _, sign := range signs {
		s.Signs = append(s.Signs, Judged{Sign: sign, Action: watch.ActRestart})
	}
	return s
}

func limitSpec(l Limits) Spec { return Spec{Limits: l} }

func atMost(text string, hold time.Duration) *Limit {
	l := DefaultLimit()
	if err := l.Max.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	l.For = scalar.Duration(hold)
	return &l
}

func memory(kind MemoryKind, text string, hold time.Duration) *Memory {
	return &Memory{Kind: kind, Limit: *atMost(text, hold)}
}

// staged is a Watcher that reads real processes on a clock that the test turns: so what
// is told does not depend on how fast anything runs.
type staged struct {
	*Watcher
	t    testing.TB
	now  time.Duration
	said []watch.SignChange
}

const stagedTick = time.Second

func stage(t testing.TB, keep int) *staged {
	t.Helper()
	return stageAt(t, "/proc", keep)
}

func stageAt(t testing.TB, root string, keep int) *staged {
	t.Helper()
	s := &staged{t: t, now: ktime.Monotonic()}
	w, err := New(root, Options{Keep: keep, Tell: func(signs []watch.SignChange) { s.said = append(s.said, signs...) }})
	if err != nil {
		t.Fatal(err)
	}
	s.Watcher = w
	t.Cleanup(func() { w.Close() })
	return s
}

// tick reads n times, a tick apart.
func (s *staged) tick(n int) {
	for range n {
		s.now += stagedTick
		s.obey()
		s.once(s.now, s.now)
	}
}

// story is what was told of a sign since the last question: "ok failing bad".
func (s *staged) story(name string) string {
	var words []string
	for _, sign := range s.said {
		if sign.Name == name {
			words = append(words, string(sign.Verdict))
		}
	}
	s.said = s.said[:0]
	return strings.Join(words, " ")
}

func (s *staged) expect(name, want string) {
	s.t.Helper()
	if got := s.story(name); got != want {
		s.t.Errorf("%s: told %q, want %q\n%s", name, got, want, strings.Join(s.Last("x"), "\n"))
	}
}

// live is a Watcher that runs, and what it tells.
type live struct {
	*Watcher
	t    testing.TB
	said chan watch.SignChange
}

func run(t testing.TB, keep int) *live {
	t.Helper()
	l := &live{t: t, said: make(chan watch.SignChange, 1000)}
	w, err := New("/proc", Options{Keep: keep, Tell: func(signs []watch.SignChange) {
		for _, s := range signs {
			l.said <- s
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	l.Watcher = w
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
		w.Close()
	})
	return l
}

// next is the next sign that is told.
func (l *live) next() watch.SignChange {
	l.t.Helper()
	select {
	case s := <-l.said:
		return s
	case <-time.After(30 * time.Second):
		l.t.Fatalf("nothing is told within 30 s\n%s", strings.Join(l.Last("x"), "\n"))
	}
	return watch.SignChange{}
}

// expect awaits the verdicts on one sign in this order, and nothing else about it. Where the
// host is slow, a look may come so late that what was to be failing first is bad.
func (l *live) expect(name string, verdicts ...watch.Verdict) watch.SignChange {
	l.t.Helper()
	var last watch.SignChange
	for i, want := range verdicts {
		if want == watch.Bad && last.Verdict == watch.Bad && i > 0 && verdicts[i-1] == watch.Failing {
			continue
		}
		for last = l.next(); last.Name != name; last = l.next() {
		}
		if last.Verdict != want && !(want == watch.Failing && last.Verdict == watch.Bad) {
			l.t.Fatalf("%s: told %q (%s), want %q", name, last.Verdict, last.Text, want)
		}
	}
	return last
}
