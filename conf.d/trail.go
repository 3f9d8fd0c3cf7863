package confd

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// trails is what the kernel has to report, so that a change is seen wherever it is made:
// in the directory of drop-ins, in those of the files that links in it lead to, and in
// those of the links on the way.
type trails struct {
	dir   string          // of the drop-ins, without links in its path; empty if it does not exist
	dirs  map[string]bool // to watch, without links in their paths
	names map[string]bool // the names in them that the paths go through
}

// trace follows the path of the directory and of every link in it. A path on a file
// system that does not answer is left out: the rescan finds changes there.
func (d directory) trace() trails {
	t := trails{dirs: map[string]bool{}, names: map[string]bool{}}
	whole, err := filepath.Abs(d.path)
	if err != nil {
		return t
	}
	if t.dir = d.tread(t, whole); t.dir == "" {
		return t
	}
	t.dirs[t.dir] = true
	entries, _ := patiently(d.guard, "list "+t.dir, func() ([]os.DirEntry, error) { return os.ReadDir(t.dir) })
	for _, e := range entries {
		if e.Type()&os.ModeSymlink != 0 && isDropin(e.Name()) {
			d.tread(t, filepath.Join(t.dir, e.Name()))
		}
	}
	return t
}

// tread follows one path, adds what it finds, and returns where the path leads.
func (d directory) tread(t trails, path string) string {
	found, err := patiently(d.guard, "follow "+path, func() (trails, error) {
		alone := trails{dirs: map[string]bool{}, names: map[string]bool{}}
		alone.dir = alone.follow(path)
		return alone, nil
	})
	if err != nil {
		return ""
	}
	maps.Copy(t.dirs, found.dirs)
	maps.Copy(t.names, found.names)
	return found.dir
}

// maxLinks is how many symbolic links the kernel follows (path_resolution(7)).
const maxLinks = 40

// follow goes along a path and returns where it leads. If that is nowhere yet it returns
// "" and notes where the rest would appear.
func (t trails) follow(path string) string {
	here, rest := "/", parts(path)
	for links := 0; len(rest) > 0; {
		next := rest[0]
		rest = rest[1:]
		if next == ".." {
			here = filepath.Dir(here)
			continue
		}
		at := filepath.Join(here, next)
		info, err := os.Lstat(at)
		link := err == nil && info.Mode()&os.ModeSymlink != 0
		if err != nil || link || len(rest) == 0 {
			t.dirs[here], t.names[at] = true, true
		}
		if err != nil {
			return ""
		}
		if !link {
			here = at
			continue
		}
		target, err := os.Readlink(at)
		if links++; err != nil || links > maxLinks {
			return ""
		}
		if filepath.IsAbs(target) {
			here = "/"
		}
		rest = append(parts(target), rest...)
	}
	return here
}

// parts are the components of a path.
func parts(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// concern reports whether a change under this name may change what a load would read.
func (t trails) concern(name string) bool {
	return t.names[name] || t.dirs[name] || filepath.Dir(name) == t.dir && isDropin(filepath.Base(name))
}
