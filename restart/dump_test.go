package restart

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
	"procward/procscan"
)

func dump(signal string, wait time.Duration) Dump {
	return Dump{Signal: signal, Wait: scalar.Duration(wait)}
}

// A process that writes a dump lives on, also when it was stopped; the kill finds it.
func TestDumpWritten(t *testing.T) {
	fs := openProc(t)
	const script = `trap "echo dumped" QUIT; echo ready; while :; do sleep 0.01; done`
	tg, stopped := startTarget(t, script), startTarget(t, script)
	if err := stopped.Cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped.await(unix.WSTOPPED)
	ids := []procscan.ID{tg.id, stopped.id}
	for i, e := range dump("QUIT", 50*time.Millisecond).Send(context.Background(), fs, ids) {
		if e.ID != ids[i] || e.Outcome != Sent || e.Err != nil {
			t.Errorf("%+v", e)
		}
	}
	for _, tg := range []*target{tg, stopped} {
		if line := tg.Hear(); line != "dumped" {
			t.Errorf("%q", line)
		}
	}
	for _, e := range kill("KILL", time.Minute).End(context.Background(), fs, ids) {
		if e.Outcome != ByKill {
			t.Errorf("%+v", e)
		}
	}
}

// Of ABRT it ends, which is not waited for any longer; the kill finds it gone.
func TestDumpEnds(t *testing.T) {
	fs := openProc(t)
	tg := startTarget(t, "ulimit -c 0")
	ids := []procscan.ID{tg.id}
	if got := dump("SIGABRT", time.Hour).Send(context.Background(), fs, ids); got[0].Outcome != BySignal {
		t.Errorf("%+v", got)
	}
	if got := kill("TERM", time.Minute).End(context.Background(), fs, ids); got[0].Outcome != Gone {
		t.Errorf("%+v", got)
	}
	_ = tg.Cmd.Wait()
	if status := tg.Cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != unix.SIGABRT {
		t.Errorf("%v", status.Signal())
	}
}

func TestDumpBrokenOff(t *testing.T) {
	tg := startTarget(t, ":")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got := dump("ABRT", time.Hour).Send(ctx, openProc(t), []procscan.ID{tg.id, {PID: tg.id.PID, Start: tg.id.Start + 1}})
	if got[0].Outcome != Refused || !errors.Is(got[0].Err, context.Canceled) || got[1].Outcome != Gone {
		t.Errorf("%+v", got)
	}
	tg.unharmed()
}

func TestDumpValidate(t *testing.T) {
	for _, c := range []struct {
		dump Dump
		want string // part of the error; "" for none
	}{
		{dump("QUIT", time.Second), ""},
		{dump("SIGABRT", time.Second), ""},
		{DefaultDump(), "signal: is missing"},
		{dump("JAVA", time.Second), `signal: "JAVA" is not a signal`},
		{dump("KILL", time.Second), "signal: KILL makes no process write a dump"},
		{dump("QUIT", 0), "wait: must be above 0s"},
	} {
		s := DefaultSpec()
		s.Attempts = scalar.AtMost(0)
		s.Dump = &c.dump
		switch err := s.Validate(); {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", c.dump, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), "dump."+c.want)):
			t.Errorf("%+v: %v, want %s", c.dump, err, c.want)
		}
	}
}

// Procward, its parent and PID 1 are never signalled.
func TestSpared(t *testing.T) {
	ids := []procscan.ID{identify(t, os.Getpid()), identify(t, os.Getppid()), {PID: 1}}
	k := kill("TERM", time.Minute)
	k.Tree = true
	for _, got := range [][]Ended{k.End(context.Background(), openProc(t), ids), dump("ABRT", time.Hour).Send(context.Background(), openProc(t), ids)} {
		if len(got) != len(ids) {
			t.Errorf("%+v", got)
		}
		for _, e := range got {
			if e.Outcome != Refused || !errors.Is(e.Err, errSpared) {
				t.Errorf("%+v", e)
			}
		}
	}
}

// What a process that ends of its dump leaves behind is ended with it where the kill is one
// of the tree; without tree, and while it lives on, its children are left alone.
func TestDumpOfATree(t *testing.T) {
	fs := openProc(t)
	tree := kill("KILL", time.Minute)
	tree.Tree = true
	for name, c := range map[string]struct {
		signal string
		kill   Kill
		left   int
	}{
		"ends":         {"ABRT", tree, 0},
		"lives on":     {"QUIT", tree, 3},
		"without tree": {"ABRT", kill("KILL", time.Minute), 2},
		"never":        {"ABRT", Kill{Never: true, Tree: true}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			clan := startClan(t, nil, `ulimit -c 0; trap "" QUIT; (sleep 1000; :) & until pgrep -P $! >/dev/null; do sleep 0.01; done; echo ready; wait`)
			got := dump(c.signal, 100*time.Millisecond).Write(context.Background(), fs, []procscan.ID{clan.id}, c.kill)
			if len(got) != 3-c.left && c.left == 0 || c.left != 0 && len(got) != 1 {
				t.Errorf("%+v", got)
			}
			for _, e := range got[1:] {
				if e.Outcome != ByKill {
					t.Errorf("%+v", e)
				}
			}
			if left := clan.left(); len(left) != c.left {
				t.Errorf("left: %+v", left)
			}
		})
	}
}
