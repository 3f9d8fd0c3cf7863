package state

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// safe says that the newest version is on the disk, or that there is none yet.
func (s *Store) safe() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write == 0 || s.durable[current]
}

// sync brings the newest version to the disk, and then a file beside it, if that is there.
// It keeps no Save waiting.
func (s *Store) sync(beside string) error {
	dir, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := s.syncNewest(dir); err != nil {
		return err
	}
	err = syncFile(dir, beside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *Store) syncNewest(dir *os.File) error {
	s.mu.Lock()
	saves := s.saves
	f, err := openAt(dir, current, unix.O_RDONLY)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), dir.Sync()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saves == saves { // else the file may have another name, or be written over, by now
		s.durable[current] = true
	}
	return nil
}

func syncFile(dir *os.File, name string) error {
	f, err := openAt(dir, name, unix.O_RDONLY)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
