package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/engine"
	"procward/internal/launch"
	"procward/internal/message"
	"procward/internal/script"
	"procward/internal/testbed"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/watch"
	"procward/watch/evidence"
)

// TestMain lets the test's own binary be a victim: under the name of a link to it.
func TestMain(m *testing.M) {
	if code, mine := launch.Main(os.Args); mine {
		os.Exit(code)
	}
	testbed.Leash()
	if name := filepath.Base(os.Args[0]); strings.HasPrefix(name, "v-") {
		victim(os.Args[1])
		return
	}
	os.Exit(m.Run())
}

// victim is a process that lives until the directory of its test is gone from under it:
// it holds the read end of the test's FIFO. USR1 makes it start a successor and exit
// with 0, USR2 exit with 3, HUP execute itself again, WINCH lose 64 descriptors.
func victim(dir string) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGUSR1, unix.SIGUSR2, unix.SIGHUP, unix.SIGWINCH)
	go func() {
		// Without a writer, when the test is over, the end of the file is there at once.
		alive, err := os.OpenFile(filepath.Join(dir, "alive"), os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err == nil {
			_, _ = alive.Read(make([]byte, 1))
		}
		os.Exit(0)
	}()
	ready := filepath.Join(dir, "ready-"+strconv.Itoa(os.Getpid()))
	_ = os.WriteFile(ready, nil, 0o600)
	if workers := os.Getenv("WORKERS"); workers != "" {
		n, _ := strconv.Atoi(workers)
		for range n {
			fork(dir, false)
		}
	}
	for s := range signals {
		switch s {
		case unix.SIGUSR1:
			fork(dir, true)
			os.Exit(0)
		case unix.SIGUSR2:
			os.Exit(3)
		case unix.SIGWINCH:
			for range 64 {
				_, _ = unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			}
		case unix.SIGHUP:
			_ = os.Rename(ready, ready+"-executed")
			_ = unix.Exec(os.Args[0], os.Args, os.Environ())
		}
	}
}

func fork(dir string, session bool) {
	cmd := exec.Command(os.Args[0], dir)
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: session}
	cmd.Env = []string{}
	if err := cmd.Start(); err != nil {
		os.Exit(9)
	}
}

// real is the engine in the real world, with victims of its own.
type real struct {
	t        *testing.T
	dir      string
	host     *Host
	evidence *evidence.Writer
	loop     *Loop
	ended    chan int
	mu       sync.Mutex
	news     *sync.Cond
	said     []message.Message
	seen     int
	started  time.Time
	keeps    map[string]any
}

// Keep takes what would outlive the daemon.
func (r *real) Keep(changes map[string]any, _ bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(r.keeps, changes)
}

// Record is never asked for here.
func (r *real) Record(context.Context) error { return errors.New("not in this test") }

// keptTraits is what is kept of one tracked process.
type keptTraits struct {
	PID    int               `json:"pid"`
	Traits succession.Traits `json:"traits"`
}

// kept is what is kept of an entry.
func (r *real) kept(name string) []keptTraits {
	r.mu.Lock()
	text, err := json.Marshal(r.keeps["process "+name])
	r.mu.Unlock()
	var p struct {
		Tracked []keptTraits `json:"tracked"`
	}
	if err := errors.Join(err, json.Unmarshal(text, &p)); err != nil {
		r.t.Fatal(err)
	}
	return p.Tracked
}

// Send takes what the engine says.
func (r *real) Send(m message.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, m)
	r.news.Broadcast()
}

func newReal(t *testing.T) *real {
	t.Helper()
	r := &real{t: t, dir: t.TempDir(), ended: make(chan int, 1), started: time.Now(), keeps: map[string]any{}}
	r.news = sync.NewCond(&r.mu)
	fifo := filepath.Join(r.dir, "alive")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	hold, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hold.Close()
		waitFor(t, func() bool { return r.victims() == 0 })
	})
	return r
}

// victims counts the processes of the test that live.
func (r *real) victims() int {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	n := 0
	for _, f := range found {
		if text, _ := os.ReadFile(f); strings.Contains(string(text), r.dir+"\x00") {
			n++
		}
	}
	return n
}

// link makes a victim program of a name and gives its path.
func (r *real) link(name string) string {
	r.t.Helper()
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	path := filepath.Join(r.dir, name)
	if err := os.Symlink(self, path); err != nil && !os.IsExist(err) {
		r.t.Fatal(err)
	}
	return path
}

// script writes a restart script. $dir and $victim are known in it.
func (r *real) script(name, body string) script.Argv {
	r.t.Helper()
	path := filepath.Join(r.dir, name+".sh")
	text := fmt.Sprintf("#!/bin/sh\ndir=%s\nvictim=%s\n%s\n", r.dir, filepath.Join(r.dir, "v-"+name), body)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		r.t.Fatal(err)
	}
	return script.Argv{path}
}

const restartIt = `"$victim" "$dir" >/dev/null 2>&1 &`

// entry is a configuration for the victim of a name.
func (r *real) entry(name, body string) confd.Process {
	r.link("v-" + name)
	return entry("v-"+name, func(p *confd.Process) {
		p.Match.Args = r.dir
		p.Restart.Run = r.script(name, body)
		p.Restart.Settle, p.Restart.StartTimeout = ms(200), ms(3000)
		p.Restart.Backoff.Initial, p.Restart.Backoff.Max = ms(10), ms(20)
	})
}

// detached starts a victim that is no child of ours and waits until it is there.
func (r *real) detached(name string, env ...string) {
	r.t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `"$0" "$1" >/dev/null 2>&1 &`, r.link("v-"+name), r.dir)
	cmd.Env = env
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("%v: %s", err, out)
	}
}

// run starts the engine on the configuration and ends it with the test.
func (r *real) run(cfg *confd.Config) *real {
	r.t.Helper()
	if cfg.Daemon.ParallelRestarts == 0 {
		cfg.Daemon.ParallelRestarts = 8
	}
	fs, err := procscan.Open("/proc")
	if err != nil {
		r.t.Fatal(err)
	}
	tracker, err := watch.NewTracker(fs, watch.Options{CauseLater: true})
	if err != nil {
		r.t.Fatal(err)
	}
	scanner := procscan.NewScanner(fs)
	scanner.SetScripts(cfg.Scripts())
	r.loop = NewLoop(engine.NewMachine(cfg.Daemon.Observe, 1), r)
	r.host = &Host{FS: fs, Scanner: scanner, Tracker: tracker, Scripts: &script.Runner{}, Loop: r.loop, Evidence: r.evidence}
	r.loop.Keeper = r
	ctx, cancel := context.WithCancel(context.Background())
	r.host.Start(ctx)
	go func() { r.ended <- r.loop.Run(ctx, r.host) }()
	r.t.Cleanup(func() {
		cancel()
		r.host.Scripts.Close()
		tracker.Close()
		scanner.Close()
		fs.Close()
	})
	r.loop.Send(ctx, engine.Configured{Config: cfg})
	return r
}

// until waits for the next message of a kind about a process, and gives it. What was
// said before it is passed over.
func (r *real) until(kind *message.Kind, process string) message.Message {
	r.t.Helper()
	deadline := time.AfterFunc(20*time.Second, func() { r.news.Broadcast() })
	defer deadline.Stop()
	start := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		for ; r.seen < len(r.said); r.seen++ {
			if m := r.said[r.seen]; m.Kind == kind && (process == "" || m.Process == process) {
				r.seen++
				return m
			}
		}
		if time.Since(start) > 19*time.Second {
			r.t.Fatalf("no %s of %s came:\n%s", kind.Event, process, r.lines())
		}
		r.news.Wait()
	}
}

// lines is everything that was said. The lock is held.
func (r *real) lines() string {
	var b strings.Builder
	for _, m := range r.said {
		fmt.Fprintf(&b, "%8.3f %s\n", m.Time.Sub(r.started).Seconds(), m.Line())
	}
	return b.String()
}

// never fails when a kind was said at all.
func (r *real) never(kinds ...*message.Kind) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.said {
		for _, k := range kinds {
			if m.Kind == k {
				r.t.Errorf("%s was said:\n%s", k.Event, r.lines())
				return
			}
		}
	}
}

func (r *real) status(name string) engine.ProcessStatus {
	r.t.Helper()
	s, err := r.loop.Status(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range s.Processes {
		if p.Name == name {
			return p
		}
	}
	r.t.Fatalf("no process %s in %+v", name, s)
	return engine.ProcessStatus{}
}

// send signals a process that the engine has found, once it can take signals.
func (r *real) send(pid int, s unix.Signal) {
	r.t.Helper()
	waitFor(r.t, func() bool {
		_, err := os.Stat(filepath.Join(r.dir, "ready-"+strconv.Itoa(pid)))
		return err == nil
	})
	if err := unix.Kill(pid, s); err != nil {
		r.t.Fatal(err)
	}
}

// unready waits until a process that was sent HUP has begun to execute itself again.
func (r *real) unready(pid int) {
	r.t.Helper()
	executed := filepath.Join(r.dir, "ready-"+strconv.Itoa(pid)+"-executed")
	waitFor(r.t, func() bool { return os.Remove(executed) == nil })
}
