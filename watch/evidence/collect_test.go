package evidence

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/procscan"
)

// A stopped process with threads, sockets, a child and a hostile name.
func TestCollectStopped(t *testing.T) {
	v := newVictim(t)
	socket := filepath.Join(t.TempDir(), "socket")
	v.Ask("threads 20")
	addr := v.Ask("listen " + socket)
	child := v.Ask("child")
	v.Ask("files 3")
	v.Ask("name")
	v.stop()
	w := &Writer{}
	text := collect(t, w, Case{
		Process: "web", Sign: "stopped", Why: "state T for 30s", At: time.Unix(0, 0), IDs: []procscan.ID{v.id},
		Probes: []string{"http: failed: \x1b[31mtimeout\nforged"}, Dump: "SIGQUIT, then 2s",
	})
	wants(t, text, "process  web", "why      state T for 30s", "judged   1970-01-01T00:00:00Z", "dump     SIGQUIT, then 2s",
		`http: failed: \x1b[31mtimeout\nforged`, fmt.Sprintf("PROCESS %d\n", v.id.PID), "State:\tT (stopped)", "  threads: ",
		" T\n", `a)\n\x1b[`, "Max open files", "1 deleted file", "anon_inode:[eventpoll]", " tcp "+addr+" 0.0.0.0:0 LISTEN send ", " unix "+socket+" LISTEN send ", "  children\n    "+child+" S sleep", "voluntary_ctxt_switches", "loadavg", "MemAvailable:")
	if strings.ContainsAny(text, "\x1b") || strings.Contains(text, "\nforged") {
		t.Error("the text holds what others wrote")
	}
	for _, socket := range []string{" tcp " + addr + " ", " unix " + socket + " "} {
		_, line, _ := strings.Cut(text, socket)
		if line, _, _ = strings.Cut(line, "\n"); !strings.HasSuffix(line, " receive 3") {
			t.Errorf("%s%q", socket, line)
		}
	}
	if os.Geteuid() == 0 {
		wants(t, text, "do_signal_stop", "rchar:", ": syscall ")
	}
	info, err := os.Stat(w.Dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	files, _ := os.ReadDir(w.Dir)
	if len(files) != 1 || files[0].Name() != "web-19700101T000000.000000Z.txt" {
		t.Errorf("%v", files)
	}
	if info, _ := files[0].Info(); info.Mode() != 0o600 {
		t.Errorf("%v", info.Mode())
	}
}

// A process whose leading thread has exited is read through a living one.
func TestCollectLeaderless(t *testing.T) {
	v := newVictim(t)
	addr := v.Ask("listen " + filepath.Join(t.TempDir(), "socket"))
	v.Ask("leave")
	v.AwaitState("Z")
	text := collect(t, &Writer{}, Case{IDs: []procscan.ID{v.id}})
	wants(t, text, "threads: ", "1 Z", " tcp "+addr+" 0.0.0.0:0 LISTEN", "  cgroup\n")
}

// A process in D: the parent of a vfork(2) whose child does nothing.
func TestCollectUninterruptible(t *testing.T) {
	v := newVictim(t)
	v.Ask("vfork")
	v.AwaitState("D")
	text := collect(t, &Writer{}, Case{IDs: []procscan.ID{v.id}})
	wants(t, text, " D", "  threads: ")
	told := text[strings.Index(text, "name\n"):]
	if line, _, _ := strings.Cut(told[5:], "\n"); !strings.Contains(line, " D ") {
		t.Errorf("the thread in D is not the first: %q", line)
	}
	if os.Geteuid() == 0 {
		wants(t, text, "kernel_clone")
	}
}

// Thousands of threads and descriptors are counted, and told up to a bound.
func TestCollectMany(t *testing.T) {
	v := newVictim(t)
	v.Ask("threads 300")
	if got := v.Ask("files 4000"); got != "done" {
		t.Skip(got)
	}
	w := &Writer{MaxBytes: 128 << 10}
	text := collect(t, w, Case{IDs: []procscan.ID{v.id}})
	wants(t, text, "more threads", "400")
	if len(text) > w.MaxBytes+4096 {
		t.Errorf("%d bytes", len(text))
	}
	short := &Writer{MaxBytes: 8 << 10}
	text = collect(t, short, Case{IDs: []procscan.ID{v.id}})
	wants(t, text, "… cut here")
	if len(text) > 2*short.MaxBytes {
		t.Errorf("%d bytes", len(text))
	}
	many := make([]procscan.ID, 1000)
	for i := range many {
		many[i] = procscan.ID{PID: v.id.PID, Start: uint64(i) + 1}
	}
	wants(t, collect(t, w, Case{IDs: many}), "… and 984 more processes")
}

// Nothing of a process that has the PID by now, or of one that is gone.
func TestCollectStranger(t *testing.T) {
	v, dead := newVictim(t), newVictim(t)
	dead.End()
	stranger := procscan.ID{PID: v.id.PID, Start: v.id.Start + 1}
	text := collect(t, &Writer{}, Case{IDs: []procscan.ID{stranger, dead.id}})
	if strings.Count(text, "(it has ended meanwhile)") != 2 || strings.Contains(text, "threads:") {
		t.Error(text)
	}
}

// What cannot be read is said. Here we are nobody and look at a process of root.
func TestCollectDenied(t *testing.T) {
	const target = "EVIDENCE_TARGET"
	if os.Getenv(target) != "" {
		var id procscan.ID
		_, _ = fmt.Sscanf(os.Getenv(target), "%d@%d", &id.PID, &id.Start)
		text := collect(t, &Writer{}, Case{IDs: []procscan.ID{id}})
		wants(t, text, "  threads: ", "descriptors\n    (not permitted)", "io\n    (not permitted)", "syscall (not permitted)", "(stack: not permitted)")
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	v := newVictim(t)
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestCollectDenied$")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), target+"="+v.id.String(), "TMPDIR=/tmp")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// hangingProc is a tree of files like that of one process, with a file that never ends
// being opened: a FIFO.
func hangingProc(t *testing.T, v *victim, file string) string {
	t.Helper()
	root := t.TempDir()
	from, to := fmt.Sprintf("/proc/%d/", v.id.PID), fmt.Sprintf("%s/%d/", root, v.id.PID)
	thread := fmt.Sprintf("task/%d/", v.id.PID)
	if err := os.MkdirAll(to+thread, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"stat", "status", "limits", thread + "stat", thread + "status"} {
		text, err := os.ReadFile(from + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fifo := to + thread + file
	if err := unix.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // a writer lets the reader go
		if f, err := os.OpenFile(fifo, os.O_RDWR, 0); err == nil {
			f.Close()
		}
	})
	return root
}

// A file that hangs does not hold Collect beyond the deadline; what was read is written.
func TestCollectHangs(t *testing.T) {
	v := newVictim(t)
	v.stop()
	w := &Writer{Dir: filepath.Join(t.TempDir(), "evidence"), Proc: hangingProc(t, v, "stack")}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	path, err := w.Collect(ctx, Case{Process: "victim", IDs: []procscan.ID{v.id}})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	wants(t, string(text), "State:\tT", fmt.Sprintf("the rest is missing: it took too long, while reading task/%d/stack", v.id.PID))
	if n := w.guard.Hanging(); n != 1 {
		t.Errorf("%d stuck", n)
	}
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	path, err = w.Collect(ctx, Case{Process: "victim", IDs: []procscan.ID{v.id}})
	if err != nil {
		t.Fatal(err)
	}
	text, _ = os.ReadFile(path)
	wants(t, string(text), "the rest is missing: broken off")
}

// Once too many hang, no more are begun.
func TestCollectStuck(t *testing.T) {
	w := &Writer{Dir: t.TempDir()}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	release := make(chan struct{})
	for range maxStuck {
		_, err := hang.Until(over, w.calls(), "", func() (struct{}, error) { <-release; return struct{}{}, nil })
		if !errors.Is(err, hang.ErrHangs) {
			t.Fatal(err)
		}
	}
	if _, err := w.Collect(context.Background(), Case{Process: "victim"}); !errors.Is(err, hang.ErrMany) {
		t.Error(err)
	}
	close(release)
}

// A deadline that has passed is an error, and no file.
func TestCollectTooLate(t *testing.T) {
	w := &Writer{Dir: filepath.Join(t.TempDir(), "evidence")}
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	if path, err := w.Collect(ctx, Case{Process: "victim"}); !errors.Is(err, context.DeadlineExceeded) || path != "" {
		t.Errorf("%q, %v", path, err)
	}
}
