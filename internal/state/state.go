// Package state keeps values over the death of the daemon and of the machine: a Book, by
// keys, in a Store and a journal.
//
// A Store keeps one JSON value in DIR/state.json. Two more files, state.json.old and
// state.json.spare, are the versions before it. A new version is written over the spare,
// in place, and then exchanges names with state.json (renameat2(2)). So
//
//   - whoever dies at whatever instant leaves a whole state.json;
//   - the last version that is known to be on the disk (fsync) is never written over
//     before there is a newer one that is;
//   - a full disk does not matter once the three files are there, on file systems that
//     write in place (ext4, xfs, tmpfs), until the value outgrows its blanks.
//
// The newest whole version of the three is used. Whoever wants to begin anew, or to bring
// back a copy, removes all three first. What cannot be read as ours is set aside as
// state.json.bad-TIME, of which three are kept.
package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"procward/internal/trust"
	"procward/procscan"
)

// The files, below the directory of the store.
const (
	current = "state.json"
	old     = current + ".old"
	spare   = current + ".spare"
	bad     = current + ".bad-"
)

// Store is a directory with the state in it. It is safe for concurrent use. That nobody
// else has the directory is the caller's business (a lock).
type Store struct {
	dir  string
	boot string

	mu      sync.Mutex
	write   uint64          // of the last version written or read
	saves   uint64          // how many were begun
	durable map[string]bool // of which files it is known that they are on the disk
	swap    func(dir int, a, b string) error
}

// Problem is something about the files that the operator should know. It is never a
// reason not to go on.
type Problem struct {
	Path  string // of the file that is at fault
	Aside string // where it was put; empty if it is where it was
	Err   error
}

// Error is "PATH: WHAT; set aside as ASIDE".
func (p Problem) Error() string {
	if p.Aside == "" {
		return fmt.Sprintf("%s: %v", p.Path, p.Err)
	}
	return fmt.Sprintf("%s: %v; set aside as %s", p.Path, p.Err, p.Aside)
}

// Unwrap gives Err.
func (p Problem) Unwrap() error { return p.Err }

// Open reads what is kept in the directory, an absolute path. Saved is nil if nothing is
// there, which is no problem, or nothing that can be used, which is one. A directory that
// does not exist is made by the first Save.
//
// The error says that the directory itself cannot be used: it cannot be read, or, if we
// are root, somebody else may write it (a *trust.Error). There is no Store then; what is
// kept is not touched, and the caller may try again later.
func Open(dir string) (*Store, *Saved, []Problem, error) {
	s := &Store{dir: dir, durable: map[string]bool{}, swap: exchange}
	if !filepath.IsAbs(dir) {
		return nil, nil, nil, fmt.Errorf("open the state: %q is not an absolute path", dir)
	}
	var err error
	if s.boot, err = bootID(); err != nil {
		return nil, nil, nil, fmt.Errorf("open the state: %w", err)
	}
	err = s.check()
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil, nil, nil
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("open the state: %w", err)
	}
	saved, problems, err := s.read()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("open the state: %w", err)
	}
	return s, saved, problems, nil
}

// Boot is the boot id of this boot, to compare with that of Saved.
func (s *Store) Boot() string { return s.boot }

// check says whether the directory may be believed. Who is not root believes what he
// can write.
func (s *Store) check() error {
	if os.Geteuid() == 0 {
		return trust.Check(s.dir, 0)
	}
	st, err := os.Stat(s.dir)
	if err == nil && !st.IsDir() {
		return fmt.Errorf("%s is not a directory", s.dir)
	}
	return err
}

func bootID() (string, error) {
	proc, err := procscan.Open("/proc")
	if err != nil {
		return "", err
	}
	defer proc.Close()
	return proc.BootID()
}

// stamp is a version of the value, written now.
func (s *Store) stamp(payload []byte) Saved {
	return Saved{payload, s.boot, procscan.Boottime(), time.Now(), s.write + 1}
}
