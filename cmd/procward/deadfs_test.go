package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"procward/internal/control"
	"procward/internal/testbed/deadfs"
)

// deadConfig has a dead file system in every place that a configuration can name: a script
// that cannot be opened, one that cannot be read, a pidfile, a probe, a hook.
const deadConfig = `
processes:
  held:
    match: {name: sleep, args: '^sleep 9%[1]s\.10$'}
    restart: {run: %[2]s/held, timeout: 1s, start-timeout: 1s, attempts: 2}
    group: dead
  read:
    match: {name: sleep, args: '^sleep 9%[1]s\.11$'}
    restart: {run: [%[2]s/file, start], timeout: 1s, start-timeout: 1s, attempts: unlimited}
  probed:
    match: {name: sleep, args: '^sleep 9%[1]s\.0$'}
    restart: {run: /bin/false}
    stall:
      - exec: {run: [%[2]s/held]}
        interval: 1s
        timeout: 500ms
        action: report
  hinted:
    match: {name: sleep, args: '^sleep 9%[1]s\.3$', pidfile: %[2]s/lost/pid}
    restart: {run: [%[3]s/start.sh, '3'], attempts: unlimited, settle: 20ms, start-timeout: 2s, backoff: {initial: 5ms, max: 10ms}}
groups:
  dead:
    escalate:
      - hook: {run: [%[2]s/held], timeout: 1s}
`

// TestDeadFileSystem holds that a file system that does not answer costs those alone who
// need it: all the time the others are restarted, and the daemon answers. Garbage is
// collected all the time as well, since that needs every thread of the daemon to stop.
func TestDeadFileSystem(t *testing.T) {
	dead := deadfs.Mount(t)
	s := newStorm(t, 4)
	s.write("conf/dead.yaml", fmt.Sprintf(deadConfig, s.unique, dead.Dir, s.dir), 0o644)
	conf, err := os.ReadFile(filepath.Join(s.dir, "conf/storm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	served, _, _ := strings.Cut(string(conf), "  t3:")
	s.write("conf/storm.yaml", served, 0o644) // the fourth is the one with the pidfile
	if err := os.Symlink(filepath.Join(dead.Dir, deadfs.Held), filepath.Join(s.dir, "conf/link.yaml")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOGC", "1")
	d := s.daemon()
	defer func() {
		dead.End(t) // a thread that waits for it cannot be killed
		_ = d.Process.Kill()
		_ = d.Wait()
	}()
	client := control.NewClient(filepath.Join(s.dir, "s"))
	s.untilUp()
	for range 20 {
		for n := range s.targets {
			s.kill(n)
		}
		s.untilUp()
		s.until("the daemon answers", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, _, err := client.Status(ctx)
			return err == nil
		})
	}
	s.until("what is dead is told", func() bool {
		said := s.out.String()
		for _, want := range []string{"process=held group=dead restart failed, attempt 2 of 2",
			"process=read restart failed, attempt 2", "PW0502", "link.yaml"} {
			if !strings.Contains(said, want) {
				return false
			}
		}
		return true
	})

	// A thread that waits for the file system keeps the dead daemon from its end, and with it
	// all that the daemon had open. The next one has to start all the same.
	_ = d.Process.Kill()
	next := s.daemon()
	defer func() {
		dead.End(t)
		_ = next.Process.Kill()
		_ = next.Wait()
	}()
	for n := range s.targets {
		s.kill(n)
	}
	s.untilUp()
}
