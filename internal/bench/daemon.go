package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// daemon is a running procward with a configuration of its own.
type daemon struct {
	cmd    *exec.Cmd
	log    string // JSON lines
	socket string
}

// message is what the measurement reads of a message.
type message struct {
	Event   string `json:"event"`
	Process string `json:"process"`
	PID     int    `json:"pid"`
	Message string `json:"message"`
}

// memoryless is a state directory that cannot be made: a daemon that is given it keeps
// nothing that outlives it. It is for comparison only.
const memoryless = "/dev/null/state"

// startDaemon runs procward with one drop-in, in dir, as it runs in production: what must
// outlive it is kept, in dir.
func (b *bench) startDaemon(ctx context.Context, dir, dropin string) (*daemon, error) {
	return b.startDaemonWith(ctx, dir, dropin, filepath.Join(dir, "state"))
}

func (b *bench) startDaemonWith(ctx context.Context, dir, dropin, state string) (*daemon, error) {
	return b.startDaemonOf(ctx, dir, []string{dropin}, state)
}

// startDaemonOf does so with several drop-ins: one may have 1 MiB at most.
func (b *bench) startDaemonOf(ctx context.Context, dir string, dropins []string, state string) (*daemon, error) {
	confd := filepath.Join(dir, "conf.d")
	if err := os.MkdirAll(confd, 0o755); err != nil {
		return nil, err
	}
	for i, dropin := range dropins {
		if err := os.WriteFile(filepath.Join(confd, fmt.Sprintf("bench%03d.yaml", i)), []byte(dropin), 0o600); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d := &daemon{log: log.Name(), socket: filepath.Join(dir, "socket")}
	d.cmd = command(ctx, b.tool("procward"), "run", "--config-dir", confd, "--state-dir", state,
		"--socket", d.socket, "--log-to", "stderr", "--log-format", "json")
	d.cmd.Stderr = log
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start procward: %w", err)
	}
	return d, nil
}

// stop ends it as an operator would; it may be nil.
func (d *daemon) stop() {
	if d == nil {
		return
	}
	_ = d.cmd.Process.Signal(unix.SIGTERM)
	defer time.AfterFunc(10*time.Second, func() { _ = d.cmd.Process.Kill() }).Stop()
	_ = d.cmd.Wait() // how it ended is not what is measured
}

// messages are those written so far, from an offset in the log on; end is the next one.
func (d *daemon) messages(from int) (all []message, end int, err error) {
	text, err := os.ReadFile(d.log)
	if err != nil {
		return nil, from, err
	}
	end = bytes.LastIndexByte(text, '\n') + 1
	lines := bufio.NewScanner(bytes.NewReader(text[min(from, end):end]))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, end, fmt.Errorf("procward says: %s", lines.Text())
		}
		all = append(all, m)
	}
	return all, end, lines.Err()
}

// await waits until there are messages of an event about n processes, from an offset on.
func (d *daemon) await(ctx context.Context, limit time.Duration, from int, event string, n int) error {
	got := 0
	err := until(ctx, limit, event, func() (bool, error) {
		// Counted first and parsed only then, which would take a lot of the machine.
		var err error
		if got, err = count(d.log, int64(from), `"event":"`+event+`"`); err != nil || got < n {
			return false, err
		}
		all, _, err := d.messages(from)
		got = len(about(all, event))
		return got >= n, err
	})
	if err != nil {
		return fmt.Errorf("%d of %d messages: %w", got, n, err)
	}
	return nil
}

// count is how often a text stands in a file, from an offset on.
func count(file string, from int64, text string) (int, error) {
	all, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return bytes.Count(all[min(from, int64(len(all))):], []byte(text)), nil
}

// about counts the messages of an event for each process.
func about(all []message, event string) map[string]int {
	of := map[string]int{}
	for _, m := range all {
		if m.Event == event {
			of[m.Process]++
		}
	}
	return of
}
