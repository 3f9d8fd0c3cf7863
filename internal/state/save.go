package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Save makes the payload, which must be JSON, the value that the next Open finds. After
// it the death of this process loses nothing; with sync, the death of the machine
// neither. When it fails the value before is still there. It blocks as long as the file
// system does.
//
// As root it refuses a directory that somebody else may write (a *trust.Error). A
// directory that is missing is made, with mode 0700.
func (s *Store) Save(payload []byte, sync bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	v := s.stamp(payload)
	content, err := encode(v)
	if err != nil {
		return err
	}
	if err := s.save(fill(content), sync); err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	s.write = v.write
	return nil
}

func (s *Store) save(content []byte, sync bool) error {
	dir, err := s.directory()
	if err != nil {
		return err
	}
	defer dir.Close()
	s.durable[spare] = false
	if err := overwrite(dir, spare, content, sync); err != nil {
		return err
	}
	s.durable[spare] = sync
	if err := s.rotate(dir); err != nil {
		return err
	}
	if sync {
		if err := dir.Sync(); err != nil {
			s.durable[current] = false
			return err
		}
	}
	for _, name := range []string{old, spare} {
		reserve(dir, name, int64(len(content)))
	}
	return nil
}

// directory opens the directory after a check, and makes it where it is missing.
func (s *Store) directory() (*os.File, error) {
	err := s.check()
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(s.dir, 0o700); err == nil {
			err = s.check()
		}
	}
	if err != nil {
		return nil, err
	}
	return os.OpenFile(s.dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
}

// rotate makes the spare state.json, and the version before that the old one; unless
// the old one is the only one that is on the disk: then it stays, and the version before
// becomes the spare.
func (s *Store) rotate(dir *os.File) error {
	if err := s.exchange(dir, spare, current); err != nil {
		return err
	}
	if s.durable[old] && !s.durable[spare] && !s.durable[current] {
		return nil
	}
	err := s.exchange(dir, spare, old)
	if errors.Is(err, unix.ENOENT) { // there was no version before
		err = nil
	}
	return err
}

// exchange gives the file from the name to; what has that name gets the other one. Where
// the file system cannot do that the latter is lost, so the former must be on the disk.
func (s *Store) exchange(dir *os.File, from, to string) error {
	err := s.swap(int(dir.Fd()), from, to)
	switch {
	case errors.Is(err, unix.ENOENT):
		err = unix.Renameat(int(dir.Fd()), from, int(dir.Fd()), to)
	case unsupported(err):
		if err = syncFile(dir, from); err != nil {
			return err
		}
		s.durable[from], s.durable[to] = true, false
		err = unix.Renameat(int(dir.Fd()), from, int(dir.Fd()), to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	s.durable[from], s.durable[to] = s.durable[to], s.durable[from]
	return nil
}

func exchange(dir int, a, b string) error {
	return unix.Renameat2(dir, a, dir, b, unix.RENAME_EXCHANGE)
}

// overwrite writes a file in place: on a full disk too there is room for what was there.
func overwrite(dir *os.File, name string, content []byte, sync bool) error {
	f, err := openOwn(dir, name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = f.Truncate(int64(len(content)))
	}
	if err == nil && sync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// reserve makes a file at least so long, with blanks at its end. It is only a provision:
// where it fails the next Save does, and says so.
func reserve(dir *os.File, name string, size int64) {
	f, err := openOwn(dir, name)
	if err != nil {
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || st.Size() >= size {
		return
	}
	_, _ = f.WriteAt(bytes.Repeat([]byte(" "), int(size-st.Size())), st.Size())
}

// openOwn opens a file of ours for writing, and makes it where it is missing. Something
// else of that name (a directory, a link, a file with a second name) is set aside first.
func openOwn(dir *os.File, name string) (*os.File, error) {
	f, err := openAt(dir, name, unix.O_WRONLY|unix.O_CREAT)
	if err == nil && ours(f) {
		return f, nil
	}
	if err == nil {
		f.Close()
	} else if !errors.Is(err, unix.ELOOP) && !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.ENXIO) {
		return nil, err
	}
	if _, err := setAside(dir, name); err != nil {
		return nil, err
	}
	return openAt(dir, name, unix.O_WRONLY|unix.O_CREAT)
}

func ours(f *os.File) bool {
	var st unix.Stat_t
	err := unix.Fstat(int(f.Fd()), &st)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink == 1 && st.Uid == uint32(os.Geteuid())
}

func openAt(dir *os.File, name string, flags int) (*os.File, error) {
	fd, err := unix.Openat(int(dir.Fd()), name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}
