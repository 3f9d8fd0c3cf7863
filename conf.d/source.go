package confd

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

// listing is one reading of a directory of drop-ins.
type listing struct {
	files  []text    // in the byte order of the names
	doubts []Problem // what lies beside them and is not read
	seen   [sha256.Size]byte
}

// text is one drop-in as it was read.
type text struct {
	path string
	data []byte
	err  error // it could not be read, or is not trusted
}

// directory reads the drop-ins of a real directory. With strict set it reads only
// what nobody but root and uid can write.
type directory struct {
	path   string
	uid    uint32
	strict bool
}

// list reads every drop-in. The error says that the directory could not be read, which
// tells nothing about what is in it.
func (d directory) list() (listing, error) {
	dir, err := d.open(d.path)
	if err != nil {
		return listing{}, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return listing{}, fmt.Errorf("read %s: %w", d.path, err)
	}
	var l listing
	seen := sha256.New()
	fmt.Fprintln(seen, stamp(dir))
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		path := filepath.Join(d.path, e.Name())
		if doubt := doubtful(e.Name()); doubt != "" && !e.IsDir() {
			l.doubts = append(l.doubts, Problem{File: path, Text: doubt, Warning: true})
		}
		if !isDropin(e.Name()) {
			continue
		}
		t, how := d.read(path)
		if errors.Is(t.err, fs.ErrNotExist) && !exists(path) {
			continue // removed since the directory was read
		}
		fmt.Fprintf(seen, "%q %s %v %d\n", e.Name(), how, t.err, len(t.data))
		seen.Write(t.data)
		l.files = append(l.files, t)
	}
	l.seen = [sha256.Size]byte(seen.Sum(nil))
	return l, nil
}

// open opens a file or directory, strictly or not. It never waits for a FIFO.
func (d directory) open(path string) (*os.File, error) {
	if d.strict {
		return trust.Open(path, d.uid)
	}
	return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
}

// read reads one drop-in, and tells its mode and owner.
func (d directory) read(path string) (t text, how string) {
	t.path = path
	f, err := d.open(path)
	if err != nil {
		t.err = err
		return t, ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		t.err = err
	} else if !info.Mode().IsRegular() {
		t.err = errors.New("is not a regular file: remove it, or give it another name")
	} else {
		t.data, t.err = io.ReadAll(io.LimitReader(f, maxSize+1))
	}
	return t, stamp(f)
}

// stamp is the mode and the owner of an open file.
func stamp(f *os.File) string {
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.Mode().String()
	}
	return fmt.Sprint(info.Mode(), st.Uid, st.Gid)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// isDropin says whether a name is read: *.yaml, but no hidden file.
func isDropin(name string) bool {
	return strings.HasSuffix(name, ".yaml") && !strings.HasPrefix(name, ".")
}

// doubtful says why a name that is not read looks as if it was meant to be.
func doubtful(name string) string {
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || isDropin(name) {
		return ""
	}
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, ".yml"), strings.HasSuffix(lower, ".yaml"):
		return "is not read: only *.yaml is; rename it to " + name[:strings.LastIndexByte(name, '.')] + ".yaml"
	case strings.HasSuffix(lower, ".yaml.dpkg-new"), strings.HasSuffix(lower, ".yaml.dpkg-dist"), strings.HasSuffix(lower, ".yaml.ucf-dist"),
		strings.HasSuffix(lower, ".yaml.rpmnew"):
		return "is not read: the package left its newer version here; compare it with " + name[:strings.LastIndexByte(name, '.')] + " and remove it"
	case !strings.Contains(name, "."):
		return ""
	}
	return ""
}

// fromFS reads the drop-ins at the root of a file system, for the embedded ones.
func fromFS(fsys fs.FS) (listing, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return listing{}, fmt.Errorf("read the drop-ins: %w", err)
	}
	var l listing
	for _, e := range entries {
		if isDropin(e.Name()) {
			t := text{path: e.Name()}
			t.data, t.err = fs.ReadFile(fsys, e.Name())
			l.files = append(l.files, t)
		}
	}
	return l, nil
}

