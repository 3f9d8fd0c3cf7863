package confd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"procward/internal/trust"
)

// checkScripts looks at every script that a good version names. One that is missing
// or not executable is a warning: its package may come later. One that somebody else
// may write makes the drop-in bad where strict is set, which is as root.
func (v *version) checkScripts(uid uint32, strict bool) {
	if v.bad() {
		return
	}
	for _, n := range v.names {
		var scripts []scriptAt
		switch n.section {
		case "processes":
			scripts = v.dropin.Processes[n.name].scripts()
		case "groups":
			scripts = groupScripts(v.dropin.Groups[n.name])
		}
		for _, s := range scripts {
			if text, warning := checkScript(s.argv[0], uid, strict); text != "" {
				p := n.origin.problem(n.path(), s.key, text)
				p.Warning = warning
				v.problems = append(v.problems, p)
			}
		}
	}
}

// checkScript says what is wrong with one script, "" if nothing.
func checkScript(path string, uid uint32, strict bool) (text string, warning bool) {
	var untrusted *trust.Error
	err := trust.Check(path, uid)
	switch {
	case errors.As(err, &untrusted):
		return untrusted.Error(), !strict
	case errors.Is(err, fs.ErrNotExist):
		return path + " does not exist: install it, or mend the path", true
	case err != nil:
		return "cannot be looked at: " + err.Error(), true
	}
	switch info, err := os.Stat(path); {
	case err != nil:
		return "cannot be looked at: " + err.Error(), true
	case info.IsDir():
		return path + " is a directory: name the script in it, like " + filepath.Join(path, "restart"), true
	case info.Mode()&0o111 == 0:
		return path + " is not executable: chmod +x " + path, true
	}
	return "", false
}
