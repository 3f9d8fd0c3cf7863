package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// stage is the demo's own directory, with everything in it: drop-ins, scripts, the links
// that the victims are started by, and two FIFOs.
type stage struct{ dir string }

// stagePrefix begins the name of the directory.
const stagePrefix = "procward-demo-"

func (s stage) path(name string) string { return filepath.Join(s.dir, name) }
func (s stage) confDir() string         { return s.path("conf.d") }
func (s stage) alive() string           { return s.path("alive") }    // FIFO that the demo holds open for writing, and the victims read
func (s stage) events() string          { return s.path("events") }   // FIFO that the demo reads, and victims and scripts write lines to
func (s stage) broken() string          { return s.path("broken") }   // while it is there demoCrash cannot work
func (s stage) hookEnv() string         { return s.path("hook.env") } // the environment that the hook was given

// newStage makes the directory, below tmp, and what is in it.
func newStage(tmp string) (stage, error) {
	var s stage
	self, err := os.Executable()
	if err != nil {
		return s, fmt.Errorf("find this program's own file: %w", err)
	}
	if tmp, err = filepath.Abs(tmp); err != nil {
		return s, err
	}
	if s.dir, err = os.MkdirTemp(tmp, stagePrefix); err != nil {
		return s, err
	}
	if err := s.furnish(self); err != nil {
		return s, errors.Join(err, s.remove())
	}
	return s, nil
}

func (s stage) furnish(self string) error {
	errs := []error{
		os.Mkdir(s.confDir(), 0o755),
		unix.Mkfifo(s.alive(), 0o600),
		unix.Mkfifo(s.events(), 0o600),
	}
	for _, name := range demoNames {
		errs = append(errs, os.Symlink(self, s.path(demoPrefix+name)))
	}
	for name, text := range demoScripts {
		errs = append(errs, os.WriteFile(s.path(name), []byte(text), 0o755))
	}
	for name, text := range demoDropIns {
		errs = append(errs, os.WriteFile(filepath.Join(s.confDir(), name), []byte(s.fill(text)), 0o644))
	}
	return errors.Join(errs...)
}

// fill puts the directory into a drop-in: {DIR…} is a path in it, {^DIR…} a regular
// expression for arguments that begin with it.
func (s stage) fill(dropIn string) string {
	return placeholder.ReplaceAllStringFunc(dropIn, func(p string) string {
		p = strings.Trim(p, "{}")
		if rest, ok := strings.CutPrefix(p, "^DIR"); ok {
			return strconv.QuoteToASCII("^" + regexp.QuoteMeta(s.dir+rest))
		}
		return strconv.QuoteToASCII(s.dir + strings.TrimPrefix(p, "DIR"))
	})
}

var placeholder = regexp.MustCompile(`\{\^?DIR[^}]*\}`)

// start starts a victim as daemons start: through a process that ends at once, so that
// it becomes a child of the init process and not of ours, in a session of its own.
func (s stage) start(name string) error {
	cmd := exec.Command("/bin/sh", "-c", `"$0" </dev/null >/dev/null 2>&1 &`, s.path(demoPrefix+name))
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	return nil
}

// tell writes a line for the demo to read.
func (s stage) tell(what, name string) error {
	f, err := os.OpenFile(s.events(), os.O_WRONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, "%s %s %d\n", what, name, os.Getpid())
	return err
}

// signalVictim sends a victim a signal and gives the time just before. Where there are no
// pidfds the PID will do: a victim ends only when it is told to, so that the PID cannot
// be another process's by now.
func signalVictim(proc *procscan.FS, id procscan.ID, sig unix.Signal) (at time.Time, err error) {
	fd, err := proc.Pidfd(id)
	switch {
	case err == nil:
		defer unix.Close(fd)
		at = time.Now()
		err = unix.PidfdSendSignal(fd, sig, nil, 0)
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		at = time.Now()
		err = unix.Kill(id.PID, sig)
	}
	if err != nil {
		return at, fmt.Errorf("send %s to %v: %w", unix.SignalName(sig), id, err)
	}
	return at, nil
}

// remove removes the directory. The check of its name guards against a victim that
// somebody has put elsewhere.
func (s stage) remove() error {
	if !strings.HasPrefix(filepath.Base(s.dir), stagePrefix) {
		return fmt.Errorf("%s is no directory of the demo", s.dir)
	}
	return os.RemoveAll(s.dir)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
