package procscan

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"procward/internal/account"
)

// ErrNoUser means that the user of a match does not exist on this host. Such a match
// finds nothing.
var ErrNoUser = errors.New("no such user")

// Matcher is a Match prepared for scans. It does not change, and several scanners and
// goroutines may use it.
type Matcher struct {
	match   Match
	args    *regexp.Regexp // nil if not given
	notArgs *regexp.Regexp
	unit    []string // by components
	word    string   // a text that is in all arguments that args matches, or empty
}

// dotAll lets a dot match line breaks too, because arguments may contain them.
const dotAll = "(?s)"

// Compile prepares a match for scans. The error is that of Validate.
func (m Match) Compile() (*Matcher, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	c := &Matcher{match: m, unit: components(m.Unit)}
	if m.Args != "" {
		c.args, c.word = regexp.MustCompile(dotAll+m.Args), wordIn(dotAll+m.Args) // Validate has compiled it before
	}
	if m.NotArgs != "" {
		c.notArgs = regexp.MustCompile(dotAll + m.NotArgs)
	}
	return c, nil
}

// Match is what the matcher was compiled from.
func (m *Matcher) Match() Match { return m.match }

// query is a matcher for one scan: with the present meaning of its words.
type query struct {
	*Matcher
	exe   [2]string // as written, and with links resolved; the same if there is no link
	alias string    // the name of exe as written, if it is a link to a program of another name
	uid   uint32
	hint  int   // the PID in the pidfile, 0 if none
	none  bool  // finds nothing, for the reason in err
	err   error // of resolving
}

// resolve looks up the links and the user. It may block: on a dead NFS mount, on a
// directory service.
func (m *Matcher) resolve(l *lookups) query {
	q := query{Matcher: m}
	if m.match.Exe != "" {
		q.exe = [2]string{filepath.Clean(m.match.Exe), l.realPath(m.match.Exe)}
		if name := filepath.Base(q.exe[0]); !isVersionOf(filepath.Base(q.exe[1]), name) {
			q.alias = name
		}
	}
	if m.match.User != "" {
		q.uid, q.err = l.uidOf(m.match.User)
		q.none = q.err != nil
	}
	return q
}

// isVersionOf reports whether a file name is that of a program, or of a version of it:
// the link python3 leads to python3.11, and both may have been executed.
func isVersionOf(file, name string) bool {
	version, is := strings.CutPrefix(file, name)
	return is && strings.Trim(version, "0123456789.-_") == ""
}

// lookups remembers the results of one scan: thousands of matches may ask for the same
// program and the same user.
type lookups struct {
	round uint64
	paths map[string]string
	users map[string]numbered
	ask   account.Ask // nil: only the files are read
}

type numbered struct {
	uid uint32
	err error
}

// begin forgets what was looked up for another scan.
func (l *lookups) begin(round uint64) {
	if l.round != round {
		*l = lookups{round: round, paths: map[string]string{}, users: map[string]numbered{}, ask: l.ask}
	}
}

func (l *lookups) realPath(path string) string {
	real, known := l.paths[path]
	if !known {
		real = realPath(path)
		l.paths[path] = real
	}
	return real
}

func (l *lookups) uidOf(name string) (uint32, error) {
	a, known := l.users[name]
	if !known {
		a.uid, a.err = uidOf(name, l.ask)
		l.users[name] = a
	}
	return a.uid, a.err
}

// realPath resolves the links in a path. If the file does not exist, as in the middle of
// an upgrade, it resolves those of the directory.
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
func uidOf(name string, ask account.Ask) (uint32, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), nil
	}
	a, err := account.Find(name, ask)
	switch {
	case errors.Is(err, account.ErrUnknown):
		return 0, fmt.Errorf("user %q: %w", name, ErrNoUser)
	case err != nil:
		return 0, fmt.Errorf("look up %w", err)
	}
	return a.UID, nil
}

// components splits a path or a unit name at its slashes.
func components(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// runs reports whether exe, as readlink(2) of /proc/PID/exe gives it, is the program. If
// it was replaced while it runs it has " (deleted)" at its end.
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

// says applies args and not-args to argv joined by blanks, once as it is and once with
// line breaks as blanks: one match is enough.
func (m *Matcher) says(argv, plain []byte) bool {
	return (m.args == nil || found(m.args, argv, plain)) && (m.notArgs == nil || !found(m.notArgs, argv, plain))
}

func found(re *regexp.Regexp, argv, plain []byte) bool {
	return re.Match(plain) || len(argv) > 0 && &argv[0] != &plain[0] && re.Match(argv)
}

// wantsArgs reports whether the answer depends on argv.
func (m *Matcher) wantsArgs() bool { return m.args != nil || m.notArgs != nil }
