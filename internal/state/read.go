package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

// most is the size of the largest file that is read.
const most = 64 << 20

// found is a whole version and the file it is in.
type found struct {
	Saved
	name string
}

// read takes the newest whole version, which then is state.json. Names do not tell: after
// a loss of power state.json may have its name already and not its content yet, but that
// of a version long before. What is bad is set aside.
func (s *Store) read() (*Saved, []Problem, error) {
	dir, err := os.Open(s.dir)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	if _, err := dir.Readdirnames(-1); err != nil { // a disk that fails is not an empty one
		return nil, nil, err
	}
	var whole []found
	var problems []Problem
	var stuck error
	for _, name := range []string{current, old, spare} {
		v, err := s.look(name)
		switch {
		case err == nil:
			whole = append(whole, found{v, name})
			s.write = max(s.write, v.write)
		case errors.Is(err, fs.ErrNotExist):
		case name != current && errors.Is(err, ErrTorn): // we or the power were ended while it was written
		default:
			aside, failed := setAside(dir, name)
			stuck = errors.Join(stuck, failed)
			problems = append(problems, Problem{filepath.Join(s.dir, name), aside, errors.Join(err, failed)})
		}
	}
	if len(whole) == 0 {
		return nil, problems, stuck // what can be neither read nor moved may be good, and must not be written over
	}
	return s.choose(dir, whole, problems)
}

// choose makes the best version state.json, and sees that it is on the disk: it is what
// must not be lost before there is a newer one. The first is state.json, if that is whole.
func (s *Store) choose(dir *os.File, whole []found, problems []Problem) (*Saved, []Problem, error) {
	best := whole[0]
	for _, v := range whole[1:] {
		if v.write > best.write {
			best = v
		}
	}
	var err error
	if best.name != current {
		// A Save may be ended before its file, the spare, has its name: nothing is wrong then.
		if len(problems) == 0 && best.name == old {
			problems = append(problems, Problem{filepath.Join(s.dir, current), "", errors.New("it is missing, or older than " + old + ", which is used")})
		}
		err = s.exchange(dir, best.name, current)
	}
	if err == nil {
		err = syncFile(dir, current)
	}
	if err == nil {
		err = dir.Sync()
	}
	if err != nil {
		problems = append(problems, Problem{filepath.Join(s.dir, best.name), "", fmt.Errorf("make it safe: %w", err)})
	}
	s.durable = map[string]bool{current: err == nil}
	return &best.Saved, problems, nil
}

// look reads one file. One of blanks alone, but for state.json, only keeps room: it
// counts as not there.
func (s *Store) look(name string) (Saved, error) {
	f, err := open(filepath.Join(s.dir, name))
	if err != nil {
		return Saved{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Saved{}, err
	}
	if !st.Mode().IsRegular() || st.Size() > most {
		return Saved{}, ErrForeign
	}
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return Saved{}, err
	}
	if len(bytes.Trim(b, " \n\x00")) == 0 { // zeros: its blocks were never written
		if name == current {
			return Saved{}, ErrTorn
		}
		return Saved{}, fs.ErrNotExist
	}
	return decode(b)
}

// open opens a file that we may believe, whatever it is, without waiting for anyone.
func open(path string) (*os.File, error) {
	if os.Geteuid() == 0 {
		return trust.Open(path, 0)
	}
	return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
}
