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
)

// sum identifies a content.
type sum = [sha256.Size]byte

// listing is one reading of a directory of drop-ins.
type listing struct {
	files  []text    // in the byte order of the names
	doubts []Problem // what lies beside them and is not read
	seen   sum       // of names, contents, modes and owners; or of the error
}

// text is one drop-in as it was read.
type text struct {
	path string
	data []byte
	err  error // it could not be read, or is not trusted
}

// directory reads the drop-ins of a real directory.
type directory struct {
	path  string
	guard guard
}

// list reads every drop-in. If the directory cannot be read it returns an error; what is
// in it is unknown then.
func (d directory) list() (listing, error) {
	dir, err := patiently(d.guard, d.path, d.contents)
	if err != nil {
		return listing{seen: sha256.Sum256([]byte(err.Error()))}, err
	}
	var l listing
	seen := sha256.New()
	fmt.Fprintln(seen, dir.stamp)
	for _, e := range dir.entries {
		path := filepath.Join(d.path, e.Name())
		if doubt := doubtful(e); doubt != "" {
			l.doubts = append(l.doubts, Problem{File: path, Text: doubt, Warning: true})
		}
		if !isDropin(e.Name()) {
			continue
		}
		t, how := d.readPatiently(path)
		if errors.Is(t.err, fs.ErrNotExist) && !exists(path) {
			continue // removed since the directory was read
		}
		fmt.Fprintf(seen, "%q %s %v %d\n", e.Name(), how, t.err, len(t.data))
		seen.Write(t.data)
		l.files = append(l.files, t)
	}
	l.seen = sum(seen.Sum(nil))
	return l, nil
}

// contents is what a directory holds.
type contents struct {
	stamp   string
	entries []fs.DirEntry // in the byte order of the names
}

func (d directory) contents() (contents, error) {
	dir, err := d.guard.open(d.path)
	if err != nil {
		return contents{}, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return contents{}, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return contents{stamp(dir), entries}, nil
}

// readPatiently is read with a time limit. A drop-in that does not answer, for example a
// link to a server that is gone, does not delay the others.
func (d directory) readPatiently(path string) (text, string) {
	type reading struct {
		text text
		how  string
	}
	r, err := patiently(d.guard, path, func() (reading, error) {
		t, how := d.read(path)
		return reading{t, how}, nil
	})
	if err != nil {
		return text{path: path, err: err}, ""
	}
	return r.text, r.how
}

// read reads one drop-in, with its mode and owner.
func (d directory) read(path string) (t text, how string) {
	t.path = path
	f, err := d.guard.open(path)
	if err != nil {
		t.err = err
		return t, ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		t.err = err
	} else if !info.Mode().IsRegular() {
		t.err = errors.New("it is not a regular file: remove it, or give it another name")
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

// isDropin reports whether a name is read: *.yaml, but no hidden file.
func isDropin(name string) bool {
	return strings.HasSuffix(name, ".yaml") && !strings.HasPrefix(name, ".")
}

// doubtful says why a file that is not read looks like a drop-in.
func doubtful(e fs.DirEntry) string {
	name := e.Name()
	if e.IsDir() || strings.HasPrefix(name, ".") || isDropin(name) {
		return ""
	}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yml", ".yaml":
		return "is not read, only *.yaml is: rename it to " + stem + ".yaml"
	case ".rpmnew", ".dpkg-dist", ".ucf-dist":
		if isDropin(stem) {
			return "is not read; a package left its newer version here: compare it with " + stem + ", then remove it"
		}
	}
	return ""
}

// fromFS reads the drop-ins at the root of a file system.
func fromFS(fsys fs.FS) ([]text, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("read the drop-ins: %w", err)
	}
	var files []text
	for _, e := range entries {
		if isDropin(e.Name()) {
			t := text{path: e.Name()}
			t.data, t.err = fs.ReadFile(fsys, e.Name())
			files = append(files, t)
		}
	}
	return files, nil
}
