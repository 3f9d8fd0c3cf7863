package confd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/internal/trust"
	"procward/watch/probe"
)

// guard says how strictly owners and modes of files are checked.
type guard struct {
	uid    uint32 // whose files are fine, besides root's
	strict bool   // files that somebody else may write are refused; otherwise scripts get a warning
	off    bool   // anybody may write
	hangs  *hang.Guard
}

// patience is how long a question to a file system may take. It is halved with each one
// that hangs already, so that many together take about twice as long.
const patience = 5 * time.Second

// patiently asks about a path. A question without an answer is left behind; until it
// returns, the next question is an error at once.
func patiently[T any](g guard, path string, ask func() (T, error)) (T, error) {
	v, err := hang.Do(g.hangs, path, max(patience>>g.hangs.Hanging(), patience/32), ask)
	if errors.Is(err, hang.ErrHangs) || errors.Is(err, hang.ErrMany) {
		err = fmt.Errorf("the file system of %s %w", path, err)
	}
	return v, err
}

// open opens a drop-in or a directory for reading. It never waits for a FIFO.
func (g guard) open(path string) (*os.File, error) {
	if !g.strict || g.off {
		return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return trust.Open(whole, g.uid)
}

// checkFiles looks at every script, and every file of a probe, that a good version names.
// A missing or not executable script is a warning, because its package may be installed
// later. A script that somebody else may write makes the drop-in bad if the guard is
// strict.
func (g guard) checkFiles(v *version) {
	if v.bad() {
		return
	}
	for _, n := range v.names {
		for _, f := range v.needs(n) {
			if text, warning := g.answers(f); text != "" {
				p := n.origin.problem(n.path(), f.key, text)
				p.Warning = warning
				v.problems = append(v.problems, p)
			}
		}
	}
}

// answers says what is wrong with a path, "" if nothing, on a file system that may not
// answer. No answer is only a warning: a script is checked again before it runs.
func (g guard) answers(n need) (text string, warning bool) {
	type verdict struct {
		text    string
		warning bool
	}
	v, err := patiently(g, strings.Join(n.argv, " "), func() (verdict, error) {
		switch n.use {
		case probe.Reads:
			return verdict{g.file(n.argv[0]), true}, nil
		case probe.Listens:
			return verdict{g.socket(n.argv[0]), true}, nil
		}
		text, warning := g.script(n.argv)
		return verdict{text, warning}, nil
	})
	if err != nil {
		return "cannot be looked at: " + err.Error(), true
	}
	return v.text, v.warning
}

// file says what is wrong with a file that a probe reads, "" if nothing. Without the file
// the probe cannot tell, so this is never more than a warning.
func (g guard) file(path string) string {
	if g.strict && !g.off {
		var untrusted *trust.Error
		if err := trust.Check(path, g.uid); errors.As(err, &untrusted) {
			return untrusted.Error()
		}
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return path + " does not exist: until it does, the probe tells nothing"
	case err != nil:
		return "cannot be looked at: " + err.Error()
	case !info.Mode().IsRegular():
		return path + " is not a regular file"
	}
	return ""
}

// socket says what is wrong with the directory of a socket that a probe makes, "" if
// nothing. If others may write it they can harm the socket, but not procward.
func (g guard) socket(path string) string {
	dir := filepath.Dir(path)
	if !g.off {
		var untrusted *trust.Error
		if err := trust.Check(dir, g.uid); errors.As(err, &untrusted) {
			return fmt.Sprintf("whoever may write %s can put another socket in the place of this one: %v", dir, untrusted)
		}
	}
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return dir + " does not exist: until it does, the probe tells nothing"
	case err != nil:
		return "cannot be looked at: " + err.Error()
	case !info.IsDir():
		return dir + " is not a directory"
	}
	return ""
}

// script says what is wrong with one script, "" if nothing. It includes its interpreter,
// or the script among its arguments.
func (g guard) script(argv []string) (text string, warning bool) {
	path := argv[0]
	if !g.off {
		var untrusted *trust.Error
		if err := trust.Program(argv, g.uid); errors.As(err, &untrusted) {
			return err.Error(), !g.strict
		}
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return path + " does not exist: install it, or correct the path", true
	case err != nil:
		return "cannot be looked at: " + err.Error(), true
	case info.IsDir():
		return path + " is a directory: name the script in it, like " + filepath.Join(path, "restart"), true
	case !info.Mode().IsRegular():
		return path + " is not a regular file: name a script", true
	case info.Mode()&0o111 == 0:
		return path + " is not executable: chmod +x " + path, true
	}
	return "", false
}
