package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/internal/testbed"
	"procward/internal/testbed/deadfs"
	"procward/procscan"
)

// The script of one process is on a file system that does not answer: its execution hangs.
// Another process is restarted again and again meanwhile, with the garbage collected after
// each time, the status is told, and the attempt of the one that hangs fails in its time.
func TestRealScriptOnADeadFileSystem(t *testing.T) {
	for _, file := range []string{deadfs.Held, deadfs.Read, deadfs.Lost} {
		t.Run(file, func(t *testing.T) {
			fs := deadfs.Mount(t)
			r := newReal(t)
			r.detached("web")
			r.detached("stuck")
			stuck := r.entry("stuck", "")
			stuck.Restart.Run = script.Argv{filepath.Join(fs.Dir, file)}
			stuck.Restart.Timeout, stuck.Restart.StartTimeout = ms(4000), ms(100)
			stuck.Restart.Attempts = scalar.AtMost(1)
			web := r.entry("web", restartIt)
			web.Restart.Attempts = scalar.Unlimited
			r.run(processes(map[string]confd.Process{"web": web, "stuck": stuck}))
			t.Cleanup(func() { fs.End(t) })
			testbed.Until(t, "both are up", func() bool {
				s, err := r.loop.Status(t.Context())
				up := 0
				for _, p := range s.Processes {
					if p.State == engine.Up {
						up++
					}
				}
				return err == nil && up == 2
			})
			kill := func(name string) { r.send(r.status(name).Tracked[0].PID, unix.SIGKILL) }
			kill("stuck")
			<-fs.Hang
			for range 3 {
				kill("web")
				r.until(message.Down, "web")
				r.until(message.Recovered, "web")
				runtime.GC()
			}
			testbed.Until(t, "the attempt has failed", func() bool { return r.status("stuck").State == engine.GaveUp })
			r.mu.Lock()
			said := r.lines()
			r.mu.Unlock()
			if !strings.Contains(said, "its execution hangs") {
				t.Error(said)
			}
		})
	}
}

const stuckEnv = "PROCWARD_TEST_STUCK"

// TestStuckHelper is a daemon whose script hangs in its execution.
func TestStuckHelper(t *testing.T) {
	path := os.Getenv(stuckEnv)
	if path == "" {
		t.Skip("the other half of TestWhatHangsInItsExecutionEndsWithItsDaemon")
	}
	var r script.Runner
	r.Run(t.Context(), script.Job{Argv: script.Argv{path}, Timeout: time.Hour}, nil)
}

// A script that hung in its execution when its daemon was killed must never come to run:
// the next daemon has given it up.
func TestWhatHangsInItsExecutionEndsWithItsDaemon(t *testing.T) {
	fs := deadfs.Mount(t)
	h, _ := finder(t)
	path := filepath.Join(fs.Dir, deadfs.Held)
	since := procscan.Boottime()
	daemon := exec.Command(os.Args[0], "-test.run=^TestStuckHelper$")
	daemon.Env = append(os.Environ(), stuckEnv+"="+path)
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	<-fs.Hang
	_ = daemon.Process.Kill()
	_ = daemon.Wait()
	orphans := func() (n int) {
		dirs, _ := filepath.Glob("/proc/[0-9]*")
		for _, dir := range dirs {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			if p, err := h.FS.Read(pid); err == nil && !p.Dead() && h.orphanedLauncher(p) {
				n++
			}
		}
		return n
	}
	if orphans() == 0 {
		t.Fatal("nothing hangs")
	}
	if id := h.findScript(engine.Await{Path: path, Since: since}); id != (procscan.ID{}) {
		t.Errorf("found %v", id)
	}
	fs.End(t)
	testbed.Until(t, "nothing is left", func() bool { return orphans() == 0 })
}
