package vital

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
	"procward/watch"
)

func (s *staged) reattend(round int, spec Spec, vs ...*victim) {
	var ids []procscan.ID
	for _, v := range vs {
		ids = append(ids, v.id)
	}
	s.Attend("x", round, ids, spec)
}

// A name with several processes has the verdict of the worst of them.
func TestSeveral(t *testing.T) {
	spec := stallSpec(Sign{Stopped: d(long)})
	a, b, s := startVictim(t), startVictim(t), stage(t, 1)
	s.reattend(1, spec, a, b)
	s.tick(1)
	s.expect("stopped", "ok")
	b.Signal(unix.SIGSTOP)
	b.awaitState("T")
	s.tick(4)
	if n := len(s.said); n != 2 || s.said[1].PID != b.id.PID {
		t.Errorf("%+v", s.said)
	}
	s.expect("stopped", "failing bad")
	a.Signal(unix.SIGSTOP)
	a.awaitState("T")
	s.tick(5)
	s.expect("stopped", "") // it is bad as before
	b.Signal(unix.SIGCONT)
	b.awaitState("SR")
	s.tick(1)
	if n := len(s.said); n != 1 || s.said[0].PID != a.id.PID {
		t.Errorf("%+v", s.said)
	}
	s.expect("stopped", "bad") // of the other one
	s.reattend(1, spec, b)
	s.tick(1)
	s.expect("stopped", "ok") // who remains is well
}

func TestRounds(t *testing.T) {
	spec := stallSpec(Sign{Stopped: d(long)})
	a, b, s := startVictim(t), startVictim(t), stage(t, 1)
	a.Signal(unix.SIGSTOP)
	a.awaitState("T")
	s.reattend(1, spec, a)
	s.tick(3)
	s.reattend(1, spec, a, b) // the same round: what is known of a stays
	s.tick(1)
	s.expect("stopped", "failing bad")
	s.reattend(2, spec, a, b)
	s.tick(1)
	if n := len(s.said); n != 1 || s.said[0].Round != 2 {
		t.Errorf("%+v", s.said)
	}
	s.expect("stopped", "failing") // all afresh
	s.reattend(2, stallSpec(Sign{Stopped: d(2 * long)}), a, b)
	s.tick(1)
	s.expect("stopped", "failing") // another spec
	s.Unattend("x")
	s.tick(9)
	s.expect("stopped", "")
	if s.tick0() != 0 || s.Last("x") != nil {
		t.Error("something is still attended")
	}
}

func (s *staged) tick0() time.Duration { return s.Watcher.tick }

// Of a process that has ended nothing is told, nor of one that has its PID.
func TestEnded(t *testing.T) {
	for keep := range 2 {
		v, s := startVictim(t), stage(t, keep)
		other := v.id
		other.Start++
		s.Attend("other", 1, []procscan.ID{other}, everything())
		s.tick(20)
		if len(s.said) != 0 {
			t.Errorf("of another process: %+v", s.said)
		}
		s.Attend("x", 1, []procscan.ID{v.id}, everything())
		s.tick(20)
		s.said = s.said[:0]
		if err := v.Cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		v.awaitState("Z")
		s.tick(20)
		_ = v.Cmd.Wait()
		s.tick(20)
		if len(s.said) != 0 || !strings.Contains(strings.Join(s.Last("x"), ""), "has ended") {
			t.Errorf("%+v, %q", s.said, s.Last("x"))
		}
		if s.rd.room != keep {
			t.Errorf("%d descriptors to keep, of %d", s.rd.room, keep)
		}
	}
}

// A panic in the reading of one process is told of that process, and the others go on.
func TestPanicIsContained(t *testing.T) {
	a, b, s := startVictim(t), startVictim(t), stage(t, 0)
	spec := stallSpec(Sign{Stopped: d(long)})
	s.Attend("a", 1, []procscan.ID{a.id}, spec)
	s.Attend("b", 1, []procscan.ID{b.id}, spec)
	broken := true
	s.read = func(p *proc) {
		if p.id == a.id && broken {
			panic("oh")
		}
		s.rd.read(p)
	}
	s.tick(2)
	if len(s.said) != 2 || s.said[0].Verdict != watch.Blind || s.said[0].Text != "cannot be told: internal failure: oh" || s.said[1].Target != "b" || s.said[1].Verdict != watch.OK {
		t.Errorf("%+v", s.said)
	}
	s.said, broken = nil, false
	s.tick(1)
	s.expect("stopped", "ok")
}

// A process whose files cannot be read is unknown after a while, and never bad.
func TestUnreadable(t *testing.T) {
	v, s := startVictim(t), stage(t, 0)
	s.reattend(1, stallSpec(Sign{Stopped: d(long)}), v)
	s.tick(1)
	var rlimit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &rlimit); err != nil {
		t.Fatal(err)
	}
	read := s.read
	s.read = func(p *proc) {
		none := rlimit
		none.Cur = 0
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
			t.Fatal(err)
		}
		defer unix.Setrlimit(unix.RLIMIT_NOFILE, &rlimit)
		read(p)
	}
	s.tick(9)
	s.expect("stopped", "ok")
	s.tick(3)
	if len(s.said) != 1 || !strings.Contains(s.said[0].Text, "cannot be told: read stat: too many open files") {
		t.Errorf("%+v", s.said)
	}
	s.expect("stopped", "unknown")
	s.read = read
	s.tick(1)
	s.expect("stopped", "ok")
}

// The real thing, on the real clock.
func TestRun(t *testing.T) {
	v, l := startVictim(t), run(t, 1)
	l.Attend("x", 7, []procscan.ID{v.id}, stallSpec(Sign{Stopped: d(300 * time.Millisecond)}))
	l.expect("stopped", watch.OK)
	v.Signal(unix.SIGSTOP)
	bad := l.expect("stopped", watch.Failing, watch.Bad)
	if now := procscan.Boottime(); bad.Target != "x" || bad.Round != 7 || bad.At > now || bad.At < now-time.Minute || bad.Took < 300*time.Millisecond {
		t.Errorf("%+v", bad)
	}
	if last := strings.Join(l.Last("x"), "\n"); !strings.Contains(last, "state T") || !strings.Contains(last, "stopped: bad: stopped by a signal for") {
		t.Error(last)
	}
	v.Signal(unix.SIGCONT)
	l.expect("stopped", watch.OK)
}

// Run ends with its context, also where nothing is attended.
func TestRunEnds(t *testing.T) {
	w, err := New("/proc", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	w.Attend("x", 1, []procscan.ID{{PID: 1}}, Spec{}) // no sign: nothing to do
	w.Unattend("y")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if w.tick != 0 {
		t.Error("it ticks for nothing")
	}
	if _, err := New("/nonexistent", Options{}); err == nil {
		t.Error("a Watcher of nothing")
	}
}

// A spec whose processes are kernel threads, or the init of the host, is read as well.
func TestOddProcesses(t *testing.T) {
	s := stage(t, 5)
	ids := []procscan.ID{identify(t, 1)}
	if p, err := openProc(t).Read(2); err == nil {
		ids = append(ids, p.ID)
	}
	s.Attend("x", 1, ids, stallSpec(Sign{Stopped: d(long)}, Sign{Spinning: d(long)}))
	s.tick(5)
	s.expect("stopped", "ok")
}

func TestSleepingShell(t *testing.T) {
	v := startCommand(t, exec.Command("/bin/sh", "-c", "while read x; do echo 0; done"))
	v.do("are you there?")
	v.awaitState("S")
	s := stage(t, 1)
	s.attend(everything(), v.id)
	s.tick(30)
	for _, sign := range s.said {
		if sign.Verdict != watch.OK {
			t.Errorf("%+v", sign)
		}
	}
}

// TestHangs holds that a reading which hangs is told, and its end.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan bool, 4)
		w, err := New("/proc", Options{Tell: func([]watch.SignChange) {}, Hangs: func(yes bool) { told <- yes }})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		goOn := make(chan struct{})
		w.read = func(*proc) { <-goOn }
		w.Attend("x", 1, []procscan.ID{{PID: 1, Start: 1}}, stallSpec(Sign{Stopped: d(30 * time.Second)}))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		if !<-told {
			t.Error("at first it was told that it is over")
		}
		close(goOn)
		if <-told {
			t.Error("it was told twice")
		}
		cancel()
		<-done
	})
}
