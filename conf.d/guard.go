package confd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

// guard says how strictly the owners and modes of files are taken.
type guard struct {
	uid    uint32 // whose files are fine, besides root's
	strict bool   // what somebody else may write is refused; else scripts get a warning
	off    bool   // anybody may write
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
// One that is missing or not executable is a warning: its package may come later. A script
// that somebody else may write makes the drop-in bad where the guard is strict.
func (g guard) checkFiles(v *version) {
	if v.bad() {
		return
	}
	for _, n := range v.names {
		var scripts []scriptAt
		var files []fileAt
		switch n.section {
		case "processes":
			scripts, files = v.dropin.Processes[n.name].scripts(), v.dropin.Processes[n.name].files()
		case "groups":
			scripts = groupScripts(v.dropin.Groups[n.name])
		case "monitors":
			scripts, files = v.dropin.Monitors[n.name].scripts(), filesOf("", v.dropin.Monitors[n.name].Check)
		}
		for _, f := range files {
			if text := g.file(f.path); text != "" {
				p := n.origin.problem(n.path(), f.key, text)
				p.Warning = true
				v.problems = append(v.problems, p)
			}
		}
		for _, s := range scripts {
			if text, warning := g.script(s.argv[0]); text != "" {
				p := n.origin.problem(n.path(), s.key, text)
				p.Warning = warning
				v.problems = append(v.problems, p)
			}
		}
	}
}

// file says what is wrong with a file that a probe reads, "" if nothing. While it cannot be
// used the probe tells nothing, so this is never more than a warning.
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

// script says what is wrong with one script, "" if nothing.
func (g guard) script(path string) (text string, warning bool) {
	if !g.off {
		var untrusted *trust.Error
		if err := trust.Check(path, g.uid); errors.As(err, &untrusted) {
			return untrusted.Error(), !g.strict
		}
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return path + " does not exist: install it, or mend the path", true
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
