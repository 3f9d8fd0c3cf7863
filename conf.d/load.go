package confd

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// Options are the exceptions of a Loader.
type Options struct {
	// AnyOwner reads drop-ins and names scripts that others may write, also as root.
	AnyOwner bool
	// Fallback, if not nil, is told once when Follow cannot be woken by changes and
	// the slow rescan stands in for it.
	Fallback func(error)
}

// Loader reads a directory of drop-ins again and again and remembers the last good
// version of each. It may be used by several goroutines.
type Loader struct {
	from     directory
	anyOwner bool
	fallback func(error)

	mu   sync.Mutex
	good map[string]*version // by path; nil before the first load
	last *Config
	seen [sha256.Size]byte // of what was loaded, or announced by Follow
}

// NewLoader makes a loader of the directory's drop-ins. As root it refuses drop-ins
// and scripts that somebody else may write.
func NewLoader(dir string, opts Options) *Loader {
	uid := uint32(os.Geteuid())
	return &Loader{
		from:     directory{path: dir, uid: uid, strict: uid == 0 && !opts.AnyOwner},
		anyOwner: opts.AnyOwner, fallback: opts.Fallback,
	}
}

// Load reads the drop-ins anew and composes them. The error says that the directory
// could not be read, or is not trusted, at the first load; later the last
// configuration stays, with a problem that says so. What is wrong with single
// drop-ins is in the configuration's Problems: at the first load a bad one is left
// out, later its last good version stays.
func (l *Loader) Load() (*Config, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, err := l.from.list()
	if err != nil && l.last == nil {
		return nil, fmt.Errorf("the drop-ins cannot be read: %w", err)
	}
	if err != nil {
		return l.stay(err), nil
	}
	cs := make(candidates, 0, len(found.files))
	for _, t := range found.files {
		v := t.version()
		if !l.anyOwner {
			v.checkScripts(l.from.uid, l.from.strict)
		}
		cs = append(cs, &candidate{newest: v, good: l.good[t.path]})
	}
	c := cs.compose()
	c.Problems = append(c.Problems, found.doubts...)
	sortProblems(c.Problems)
	l.good = map[string]*version{}
	for _, cand := range cs {
		if cand.use != nil {
			l.good[cand.newest.file] = cand.use
		}
	}
	l.last, l.seen = c, found.seen
	return c, nil
}

// stay is the last configuration, while the directory cannot be read.
func (l *Loader) stay(err error) *Config {
	c := *l.last
	c.Problems = append([]Problem{{File: l.from.path, Text: fmt.Sprintf("cannot be read, so the last configuration stays: %s", err)}}, l.last.Problems...)
	return &c
}

// version reads and validates one drop-in by itself.
func (t text) version() *version {
	if t.err != nil {
		return &version{file: t.path, problems: []Problem{{File: t.path, Text: "cannot be read: " + t.err.Error()}}}
	}
	return read(t.path, t.data)
}

// Load composes the drop-ins at the root of a file system, without a look at the
// scripts they name and at who may write what.
func Load(fsys fs.FS) (*Config, error) {
	found, err := fromFS(fsys)
	if err != nil {
		return nil, err
	}
	var cs candidates
	for _, t := range found.files {
		cs = append(cs, &candidate{newest: t.version()})
	}
	return cs.compose(), nil
}
