package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

// stamp is the time in the name of a file, in UTC; names of one process sort by it.
const stamp = "20060102T150405.000000Z"

// fileName matches the files that this package writes; nothing else is ever removed.
var fileName = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}-(\d{8}T\d{6}\.\d{6}Z(?:\+\d)?)\.txt$`)

// write makes the file, brings it to the disk, because a reboot may follow, and removes
// the oldest files. If the file exists the path is returned also with an error.
func (w *Writer) write(c Case, text []byte) (string, error) {
	dir, err := trust.Dir(w.Dir, 0o700)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	name, f, err := create(dir, safe(c.Process)+"-"+c.At.UTC().Format(stamp))
	if err != nil {
		return "", err
	}
	path := filepath.Join(w.Dir, name)
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close(), dir.Sync())
	return path, errors.Join(err, w.prune(dir, name))
}

// create makes a file that did not exist, readable for us alone.
func create(dir *os.File, base string) (string, *os.File, error) {
	for i := range 10 {
		name := base + ".txt"
		if i > 0 {
			name = fmt.Sprintf("%s+%d.txt", base, i)
		}
		fd, err := unix.Openat(int(dir.Fd()), name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		if err == nil {
			return name, os.NewFile(uintptr(fd), name), nil
		}
		if err != unix.EEXIST {
			return "", nil, &fs.PathError{Op: "create", Path: filepath.Join(dir.Name(), name), Err: err}
		}
	}
	return "", nil, &fs.PathError{Op: "create", Path: filepath.Join(dir.Name(), base+".txt"), Err: unix.EEXIST}
}

// safe turns the name of a process into the beginning of a file name: never hidden, never
// an option, never another directory.
func safe(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._@-", r) {
			return r
		}
		return '_'
	}, name)
	if name == "" || name[0] == '.' || name[0] == '-' {
		name = "_" + name
	}
	return name[:min(len(name), 64)]
}

// prune removes the oldest files, by the times in their names, but never the one just written.
func (w *Writer) prune(dir *os.File, written string) error {
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("look for old evidence: %w", err)
	}
	when := func(name string) string { return fileName.FindStringSubmatch(name)[1] }
	names = slices.DeleteFunc(names, func(n string) bool { return n == written || !fileName.MatchString(n) })
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(when(b), when(a)) })
	kept, total := 1, size(dir, written)
	for _, name := range names {
		bytes := size(dir, name)
		if kept < or(w.Keep, DefaultKeep) && total+bytes <= or(w.MaxTotal, int64(DefaultMaxTotal)) {
			kept, total = kept+1, total+bytes
			continue
		}
		total = or(w.MaxTotal, int64(DefaultMaxTotal)) // all that are older go as well
		if e := unix.Unlinkat(int(dir.Fd()), name, 0); e != nil && e != unix.ENOENT {
			err = errors.Join(err, fmt.Errorf("remove old evidence: %s: %w", name, e))
		}
	}
	return err
}

func size(dir *os.File, name string) int64 {
	var st unix.Stat_t
	if unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return 0
	}
	return st.Size
}
