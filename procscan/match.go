package procscan

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"

	"procward/internal/scalar"
)

// Select says which of the processes that match are meant.
type Select string

// The selections. Root is the default.
const (
	Root   Select = "root"   // those whose parent does not match
	All    Select = "all"    // every one
	Oldest Select = "oldest" // the one that started first
	Newest Select = "newest" // the one that started last
)

// Match describes a program in the process table. At least one of Exe, Name, Args and
// Unit is needed; all that are given must match.
type Match struct {
	// the program, an absolute path, compared with `/proc/PID/exe`
	Exe string `yaml:"exe"`
	// the name that the kernel keeps (`ps -o comm`), exactly; at most 15 bytes
	Name string `yaml:"name"`
	// a regular expression ([RE2](https://github.com/google/re2/wiki/Syntax)) found in the
	// arguments
	Args string `yaml:"args"`
	// a regular expression that must not be found there
	NotArgs string `yaml:"not-args"`
	// the effective user, by name or number
	User string `yaml:"user"`
	// the systemd unit, or the last components of the cgroup path
	Unit string `yaml:"unit"`
	// an absolute path: a hint which of the processes that match is meant
	Pidfile string `yaml:"pidfile"`
	// `own`: only processes of procward's own PID namespace; `any`: also those of containers
	Namespace string `yaml:"namespace"`
	// which of those that match: `root`, `all`, `oldest`, `newest`
	Select Select `yaml:"select"`
	// how many there must be
	Count Count `yaml:"count"`
}

// Count is how many processes there must be.
type Count struct {
	// fewer is a failure; from 1
	Min int `yaml:"min"`
	// more is `excess`; a number from `count.min`, or `unlimited`
	Max scalar.Limit `yaml:"max"`
}

// DefaultMatch returns a Match with its defaults.
func DefaultMatch() Match {
	return Match{Select: Root, Namespace: "own", Count: Count{Min: 1, Max: scalar.Unlimited}}
}

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (m Match) Validate() error {
	var errs []error
	bad := func(key, format string, args ...any) { errs = append(errs, scalar.Errorf(key, format, args...)) }
	switch given := m.Exe + m.Name + m.Args + m.Unit; {
	case given == "" && m.Pidfile != "":
		bad("pidfile", "is only a hint, and a stale one names somebody else's process: add at least one of exe, name, args, unit")
	case given == "":
		bad("", "says not what to look for: give at least one of exe, name, args, unit")
	}
	if m.Exe != "" && !filepath.IsAbs(m.Exe) {
		bad("exe", "%q is not an absolute path: write the whole path, or match name", m.Exe)
	}
	switch {
	case strings.HasPrefix(m.Name, "/"):
		bad("name", "%q is a path: match it with exe; name is what ps -o comm shows", m.Name)
	case len(m.Name) > 15:
		bad("name", "%q has %d bytes, but the kernel keeps 15 of a name: write %q, or match exe", m.Name, len(m.Name), m.Name[:15])
	}
	for key, re := range map[string]string{"args": m.Args, "not-args": m.NotArgs} {
		if _, err := regexp.Compile(re); err != nil {
			bad(key, "is not a regular expression (RE2, without look-around): %w", err)
		}
	}
	if m.Pidfile != "" {
		if !filepath.IsAbs(m.Pidfile) {
			bad("pidfile", "%q is not an absolute path: write the whole path", m.Pidfile)
		}
		if m.Select != Root || m.Count.Min != 1 || !m.Count.Max.Unlimited {
			bad("pidfile", "names one process, so select and count do not go with it: remove them")
		}
	}
	switch m.Select {
	case Root, All, Oldest, Newest:
	default:
		bad("select", "%q is not one of root, all, oldest, newest", m.Select)
	}
	if m.Namespace != "own" && m.Namespace != "any" {
		bad("namespace", "%q is neither own nor any", m.Namespace)
	}
	if m.Count.Min < 1 {
		bad("count.min", "%d is below 1", m.Count.Min)
	}
	if !m.Count.Max.Unlimited && m.Count.Max.N < m.Count.Min {
		bad("count.max", "%d is below count.min, which is %d", m.Count.Max.N, m.Count.Min)
	}
	if (m.Select == Oldest || m.Select == Newest) && m.Count.Min > 1 {
		bad("count.min", "select: %s means one process", m.Select)
	}
	return errors.Join(errs...)
}
