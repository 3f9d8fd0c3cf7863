package confd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"procward/internal/hang"
	"procward/internal/trust"
)

// Options are the exceptions of a Loader.
type Options struct {
	// AnyOwner accepts drop-ins and scripts that anybody may write, also as root.
	AnyOwner bool
	// Claims is what was in force when the previous daemon ended.
	Claims Claims
	// Fallback, if not nil, is called by Follow when the kernel cannot report changes, so
	// that only the slow rescan finds them.
	Fallback func(error)
}

// Loader reads a directory of drop-ins again and again and remembers the last good
// version of each. Several goroutines may use it.
type Loader struct {
	from     directory
	fallback func(error)

	mu   sync.Mutex
	good map[string]*version // by path
	held Claims
	last *Config // nil before the first load
	seen sum     // of what was loaded, or announced by Follow
}

// NewLoader makes a loader of the directory's drop-ins. As root it refuses drop-ins
// and scripts that somebody else may write; otherwise it warns of such scripts.
func NewLoader(dir string, opts Options) *Loader {
	uid := uint32(os.Geteuid())
	return &Loader{
		from:     directory{filepath.Clean(dir), guard{uid: uid, strict: uid == 0, off: opts.AnyOwner, hangs: &hang.Guard{}}},
		fallback: opts.Fallback, held: opts.Claims,
	}
}

// Load reads the drop-ins again and composes them. The problems of single drop-ins are in
// the configuration's Problems: at the first load a bad drop-in is left out, later its
// last good version stays. If the directory cannot be read, or is not trusted, the first
// load returns an error; later the last configuration stays, with a problem that says so.
func (l *Loader) Load() (*Config, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, err := l.from.list()
	l.seen = found.seen
	if err != nil && l.last == nil {
		return nil, fmt.Errorf("the drop-ins cannot be read: %w", err)
	}
	if err != nil {
		return l.stay(err), nil
	}
	cs, claims := make(candidates, 0, len(found.files)), l.held.byFile()
	for _, t := range found.files {
		v := t.version()
		l.from.guard.checkFiles(v)
		cs = append(cs, &candidate{newest: v, good: l.good[t.path], claim: claims[filepath.Base(t.path)]})
	}
	l.last = cs.compose()
	l.held = cs.claims()
	l.last.Problems = append(l.last.Problems, found.doubts...)
	sortProblems(l.last.Problems)
	l.good = map[string]*version{}
	for _, c := range cs {
		if c.use != nil {
			l.good[c.newest.file] = c.use
		}
	}
	return l.last, nil
}

// Claims is what is in force since the last Load.
func (l *Loader) Claims() Claims {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// stay is the last configuration, used while the directory cannot be read.
func (l *Loader) stay(err error) *Config {
	c := *l.last
	c.Problems = slices.Concat([]Problem{{File: l.from.path, Text: "cannot be read, so the last configuration stays: " + err.Error()}}, l.last.Problems)
	return &c
}

// version reads and validates one drop-in by itself.
func (t text) version() *version {
	if t.err == nil {
		return read(t.path, t.data)
	}
	what := "cannot be read: "
	if untrusted := (*trust.Error)(nil); errors.As(t.err, &untrusted) {
		what = "is refused: "
	}
	return &version{file: t.path, problems: []Problem{{File: t.path, Text: what + t.err.Error()}}}
}

// Load composes the drop-ins at the root of a file system. It does not look at the
// scripts that they name, nor at who may write the files.
func Load(fsys fs.FS) (*Config, error) {
	found, err := fromFS(fsys)
	if err != nil {
		return nil, err
	}
	var cs candidates
	for _, t := range found {
		cs = append(cs, &candidate{newest: t.version()})
	}
	return cs.compose(), nil
}
