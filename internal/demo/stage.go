package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"embed"
	"golang.org/x/sys/unix"
	"io/fs"

	"procward/internal/terminal"
	"procward/procscan"
)

// The victims. demoCrash is the one that will not come up again.
const (
	demoWeb     = "web"
	demoJob     = "job"
	demoUpgrade = "upgrade"
	demoCrash   = "crash"
	demoDB      = "db"
	demoGroup   = "shop" // of demoCrash and demoDB
)

var demoNames = []string{demoCrash, demoDB, demoJob, demoUpgrade, demoWeb}

//go:embed stage
var demoFiles embed.FS

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
func newStage(tmp string) (s stage, err error) {
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
	errs := []error{unix.Mkfifo(s.alive(), 0o600), unix.Mkfifo(s.events(), 0o600), fs.WalkDir(demoFiles, "stage", s.copy)}
	for _, name := range demoNames {
		errs = append(errs, os.Symlink(self, s.path(demoPrefix+name)))
	}
	if err := errors.Join(errs...); err != nil {
		return s, errors.Join(err, s.remove())
	}
	return s, nil
}

// copy copies an embedded file to the directory.
func (s stage) copy(name string, entry fs.DirEntry, err error) error {
	to := s.path(strings.TrimPrefix(name, "stage"))
	if err != nil || to == s.dir {
		return err
	}
	if entry.IsDir() {
		return os.Mkdir(to, 0o755)
	}
	text, err := demoFiles.ReadFile(name)
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(s.fill(string(text))), 0o755)
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

// signalVictim sends a victim a signal. Where there are no pidfds the PID will do: a victim
// ends only when it is told to, so that the PID cannot be another process's by now.
func signalVictim(proc *procscan.FS, id procscan.ID, sig unix.Signal) error {
	err := proc.Signal(id, sig)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		err = unix.Kill(id.PID, sig)
	}
	return err
}

// empty waits until no victim and no script is left, and kills what does not end.
func (s stage) empty() error {
	proc, err := procscan.Open("/proc")
	if err != nil {
		return err
	}
	defer proc.Close()
	scanner := procscan.NewScanner(proc)
	defer scanner.Close()
	match := procscan.DefaultMatch()
	// Not what an operator has opened in the directory.
	match.Args = `^(/bin/sh .*)?` + regexp.QuoteMeta(s.dir) + `/(` + demoPrefix + `[a-z]+|restart|hook)( |$)`
	matcher, err := match.Compile()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTime+killTime)
	defer cancel()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		found, err := scanner.Scan(ctx, []*procscan.Matcher{matcher})
		if err != nil {
			return fmt.Errorf("look whether a process is left: %w", err)
		}
		left := found[0].Matching
		if len(left) == 0 {
			return nil
		}
		switch late := time.Since(began) - cleanupTime; {
		case late > killTime:
			return fmt.Errorf("%d processes are left, first pid %d (%s)", len(left), left[0].PID, terminal.Visible(left[0].Comm))
		case late > 0:
			for _, q := range left {
				_ = signalVictim(proc, q.ID, unix.SIGKILL) // whether it helped the next look tells
			}
		}
	}
}

// remove removes the directory. The check of its name guards against a victim that
// somebody has put elsewhere.
func (s stage) remove() error {
	if !strings.HasPrefix(filepath.Base(s.dir), stagePrefix) {
		return fmt.Errorf("%s is not a directory of the demo", s.dir)
	}
	return os.RemoveAll(s.dir)
}
