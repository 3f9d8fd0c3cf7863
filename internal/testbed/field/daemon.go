package field

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// daemon is a procward that runs.
type daemon struct {
	cmd   *exec.Cmd
	ended chan struct{}
	heard chan struct{}
}

// startDaemon starts procward as its unit does, but for where its messages go, and waits
// until it answers.
func (p *player) startDaemon(flags []string) error {
	if p.daemon != nil {
		return errors.New("the daemon runs already")
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	d := &daemon{exec.Command("/usr/sbin/procward", append([]string{"run", "--log-to", "stderr", "--log-format", "json"}, flags...)...),
		make(chan struct{}), make(chan struct{})}
	d.cmd.Dir, d.cmd.Env, d.cmd.Stderr = "/", environ(), w
	d.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	p.said.setMark()
	if err := d.cmd.Start(); err != nil {
		r.Close()
		return err
	}
	go func() {
		p.said.listen(r)
		r.Close()
		close(d.heard)
	}()
	go func() {
		_ = d.cmd.Wait() // how it ended is in its ProcessState
		close(d.ended)
	}()
	p.daemon = d
	p.procs["daemon"], _ = look(d.cmd.Process.Pid)
	return until("the daemon answers", func() (string, bool) {
		_, err := status()
		return fmt.Sprint(err), err == nil || d.gone()
	})
}

func (d *daemon) gone() bool {
	select {
	case <-d.ended:
		return true
	default:
		return false
	}
}

// stop asks the daemon to end, and holds it to the exit code 0.
func (d *daemon) stop() error {
	if !d.gone() {
		_ = d.cmd.Process.Signal(unix.SIGTERM) // if it has just ended, its exit code says so
	}
	return d.await("0")
}

// await waits for the end of the daemon and compares how it ended: an exit code or a
// signal's name.
func (d *daemon) await(wanted string) error {
	err := until("the daemon ends", func() (string, bool) { return "it runs", d.gone() })
	if err != nil {
		return err
	}
	if got := ending(d.cmd.ProcessState); got != wanted {
		return fmt.Errorf("the daemon ends with %s, not with %s", got, wanted)
	}
	return nil
}

// ending is an exit code or the name of a signal.
func ending(state *os.ProcessState) string {
	status, _ := state.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return unix.SignalName(status.Signal())
	}
	return fmt.Sprint(status.ExitStatus())
}

// watched is what `procward status --json` tells of a process.
type watched struct {
	Name      string `json:"name"`
	State     string `json:"state"`
	LastCause string `json:"last_cause"`
	Used      int    `json:"attempts_used"`
	Tracked   []struct {
		PID int `json:"pid"`
	} `json:"tracked"`
}

// status asks the daemon, as an operator does.
func status() (map[string]watched, error) {
	cmd := exec.Command("/usr/sbin/procward", "status", "--json")
	cmd.Env = environ()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 { // something is down
		err = nil
	}
	if err != nil {
		return nil, err
	}
	var all struct {
		Processes []watched `json:"processes"`
	}
	if err := json.Unmarshal(out, &all); err != nil {
		return nil, err
	}
	byName := map[string]watched{}
	for _, w := range all.Processes {
		byName[w.Name] = w
	}
	return byName, nil
}
