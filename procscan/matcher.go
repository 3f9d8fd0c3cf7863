package procscan

import (
	"bytes"
	"errors"
	"fmt"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ErrNoUser says that the user of a match does not exist on this host. Such a match
// finds nothing.
var ErrNoUser = errors.New("no such user")

// Matcher is a Match made ready for scans. It does not change and may be used by several
// scanners and goroutines.
type Matcher struct {
	match   Match
	args    *regexp.Regexp // nil where not given
	notArgs *regexp.Regexp
	unit    []string // by components
}

// Compile makes a match ready for scans. The error is that of Validate.
func (m Match) Compile() (*Matcher, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	c := &Matcher{match: m, unit: components(m.Unit)}
	if m.Args != "" {
		c.args = regexp.MustCompile(m.Args) // Validate has compiled it before
	}
	if m.NotArgs != "" {
		c.notArgs = regexp.MustCompile(m.NotArgs)
	}
	return c, nil
}

// Match is what the matcher was compiled from.
func (m *Matcher) Match() Match { return m.match }

// query is a matcher for the length of one scan: with what its words mean at present.
type query struct {
	*Matcher
	exe  [2]string // as written, and with links resolved; the same where there is none
	uid  uint32
	hint int    // the PID in the pidfile, 0 if none
	none bool   // finds nothing, because err says so
	err  error  // of resolving
	key  string // equal keys give equal answers about the same facts; of those that find nothing, empty
}

// resolve looks up the links, the user and the pidfile. It may block: on a dead NFS
// mount, on a directory service.
func (m *Matcher) resolve() query {
	q := query{Matcher: m}
	if m.match.Exe != "" {
		q.exe = [2]string{filepath.Clean(m.match.Exe), realPath(m.match.Exe)}
	}
	if m.match.User != "" {
		q.uid, q.err = uidOf(m.match.User)
		q.none = q.err != nil
	}
	if m.match.Pidfile != "" {
		q.hint, _ = readPidfile(m.match.Pidfile) // missing and nonsense are all the same: no hint
	}
	if q.none {
		return q
	}
	q.key = fmt.Sprintf("%q %d", []string{
		m.match.Name, m.match.Args, m.match.NotArgs, m.match.Unit, m.match.User, m.match.Namespace, q.exe[0], q.exe[1],
	}, q.uid)
	return q
}

// realPath resolves the links in a path. Of a file that is not there, as in the middle
// of an upgrade, it resolves those of the directory.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, filepath.Base(path))
}

// uidOf is the number of a user given by name or number.
func uidOf(name string) (uint32, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), nil
	}
	u, err := user.Lookup(name)
	var unknown user.UnknownUserError
	switch {
	case errors.As(err, &unknown):
		return 0, fmt.Errorf("user %q: %w", name, ErrNoUser)
	case err != nil:
		return 0, fmt.Errorf("look up user %q: %w", name, err)
	}
	n, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("look up user %q: %w", name, err)
	}
	return uint32(n), nil
}

// components splits a path or unit name at its slashes.
func components(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// runs says that exe, as readlink(2) of /proc/PID/exe gives it, is the program. A binary
// that was replaced while it runs has " (deleted)" at its end.
func (q *query) runs(exe []byte) bool {
	bare := bytes.TrimSuffix(exe, []byte(deleted))
	for _, want := range q.exe {
		if string(bare) == want || string(exe) == want {
			return true
		}
	}
	return false
}

const deleted = " (deleted)"

// says applies args and not-args to argv joined by blanks.
func (m *Matcher) says(argv []byte) bool {
	return (m.args == nil || m.args.Match(argv)) && (m.notArgs == nil || !m.notArgs.Match(argv))
}

// wantsArgs says that the answer depends on argv.
func (m *Matcher) wantsArgs() bool { return m.args != nil || m.notArgs != nil }
