package state

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// most is the size of the largest file that is read.
const most = 256 << 20

// What is wrong with a log.
var (
	ErrForeign = errors.New("this is not a state of procward, or not of this version")
	ErrDamaged = errors.New("damaged: records are missing or cannot be read, and nothing explains that")
)

// placed is a record, and where it is.
type placed struct {
	record
	at  int
	end int64
}

// read returns what is kept, and makes records go on from there. A file that cannot be
// used is set aside.
func (l *log) read() (*Kept, []Problem, error) {
	dir, err := os.Open(l.dir)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	if _, err := dir.Readdirnames(-1); err != nil { // a disk that fails is not an empty disk
		return nil, nil, err
	}
	problems := l.leaveFormer(dir)
	var all []placed
	var stuck error
	strange := [2]error{}
	for at, name := range logs {
		records, err := scan(filepath.Join(l.dir, name), at)
		all = append(all, records...)
		strange[at] = err
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.number, b.number) })
	c := l.follow(all)
	l.number = c.tried
	for at, err := range strange {
		if err == nil || errors.Is(err, errTorn) && c.kept != nil {
			continue
		}
		aside, failed := setAside(dir, logs[at])
		stuck = errors.Join(stuck, failed)
		problems = append(problems, Problem{filepath.Join(l.dir, logs[at]), aside, errors.Join(err, failed)})
	}
	if c.damaged {
		problems = append(problems, Problem{Path: filepath.Join(l.dir, logs[c.at]), Err: ErrDamaged})
	}
	if c.kept == nil {
		return nil, problems, stuck // a file that can be neither read nor moved may be good, and must not be overwritten
	}
	l.resume(dir, c)
	return c.kept, problems, nil
}

// leaveFormer sets aside the files of versions before the logs.
func (l *log) leaveFormer(dir *os.File) (problems []Problem) {
	for _, name := range former {
		var st unix.Stat_t
		if unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
			continue
		}
		if name != former[0] {
			_ = os.Remove(filepath.Join(l.dir, name))
			continue
		}
		aside, err := setAside(dir, name)
		problems = append(problems, Problem{filepath.Join(l.dir, name), aside, errors.Join(errors.New("it is of an earlier version of procward, which this one does not read"), err)})
	}
	return problems
}

// errTorn means that a file has no record, but perhaps the beginning of one.
var errTorn = fmt.Errorf("%w: no record in it is whole", ErrDamaged)

// scan returns the records of a file, also of its earlier lives.
func scan(path string, at int) ([]placed, error) {
	f, err := open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() || st.Size() > most {
		return nil, cmp.Or(err, ErrForeign)
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, err
	}
	out, begun := records(text, at), bytes.TrimRight(text, "\x00")
	switch {
	case len(out) > 0 || len(begun) < page && !bytes.ContainsRune(begun, '\n') && isHex(begun): // nothing, or not even the first record
		return out, nil
	case isHex(begun):
		return nil, errTorn
	}
	return nil, ErrForeign
}

// page is how much of a write is carried out completely or not at all, whoever dies.
const page = 4096

// isHex reports whether a text begins as a record does, or was never written.
func isHex(text []byte) bool {
	return len(bytes.Trim(text[:min(len(text), 8)], "0123456789abcdef\x00")) == 0
}

// start matches the beginning of a record.
var start = regexp.MustCompile(`[0-9a-f]{8} [0-9]+ \{"after":`)

// records finds every record in a text. One may begin in the middle of a line whose
// beginning, or the line break before it, is damaged.
func records(text []byte, at int) (out []placed) {
	for end := int64(0); ; {
		i := bytes.IndexByte(text[end:], '\n')
		if i < 0 {
			return out
		}
		line := text[end : end+int64(i)+1]
		end += int64(len(line))
		if r, ok := parse(line); ok {
			out = append(out, placed{r, at, end})
			continue
		}
		for _, where := range start.FindAllIndex(line, -1) {
			if r, ok := parse(line[where[0]:]); ok {
				out = append(out, placed{r, at, end})
			}
		}
	}
}

// chain is what the records say together.
type chain struct {
	kept    *Kept
	damaged bool
	last    placed // that was taken
	clean   bool   // nothing is missing: records may go on after the last
	at      int    // the file that is at fault
	tried   uint64 // the newest number
}

// follow goes from the newest record that holds everything from number to number. If some
// are missing and a loss of power explains this, nothing after them is used: the kernel
// brings pages to the disk in any order. Otherwise everything that is there is used, and
// damage is reported.
func (l *log) follow(all []placed) (c chain) {
	values, begun, known, moved, lately := map[string]json.RawMessage{}, 0, uint64(0), uint64(0), false
	for i, r := range all {
		lately = lately || r.Boot == l.boot
		c.tried, known = max(c.tried, r.number), max(known, r.Disk)
		if moved = max(moved, r.Moved); r.Whole {
			begun = i
		}
	}
	for _, r := range all[begun:] {
		if r.Moved != 0 || c.kept == nil && !r.Whole {
			continue
		}
		if !r.Whole && r.After > c.last.number {
			c.at = r.at
			if r.Boot != l.boot && known <= c.last.number {
				c.clean = false
				return c.done(values, moved)
			}
			c.damaged = true
		}
		merge(values, r.Set)
		c.kept, c.last, c.clean = &Kept{Values: values, Boot: r.Boot, Boottime: time.Duration(r.Boottime), Wall: r.Wall}, r, !c.damaged
	}
	c.damaged = c.damaged || c.kept != nil && known > c.last.number || c.kept == nil && len(all) > 0 && (lately || known > 0)
	return c.done(values, moved)
}

// done looks whether the log that the last record has moved to is missing.
func (c chain) done(values map[string]json.RawMessage, moved uint64) chain {
	if moved > c.last.number {
		c.damaged, c.clean, c.at = true, false, 1-c.last.at
	}
	return c
}

// resume makes records go on after the last one that was used, if nothing is missing;
// else everything is first written anew, into the other file.
func (l *log) resume(dir *os.File, c chain) {
	l.after, l.at, l.torn = c.last.number, c.last.at, !c.clean
	f, err := openAt(dir, logs[l.at], unix.O_WRONLY)
	if err != nil {
		return
	}
	l.file, l.end = f, c.last.end
	if st, err := f.Stat(); err == nil {
		l.room = max(l.room, st.Size())
	}
}
