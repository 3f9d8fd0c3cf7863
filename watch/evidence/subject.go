package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
	"procward/procscan"
)

// subject is one process that is examined.
type subject struct {
	page *page
	dir  *os.File // /proc/PID: of this very process, also when its PID is reused
	root string   // of the proc file system
	id   procscan.ID
	via  string // "", or "task/TID/" of a living thread where the leading one has exited
}

var errEnded = errors.New("it has ended meanwhile")

// process reads one process: first what cannot hang, then the rest. The files stack,
// syscall and io wait while the process is in execve(2).
func (w *Writer) process(p *page, id procscan.ID) {
	p.linef("PROCESS %d", id.PID)
	dir, err := os.OpenFile(filepath.Join(w.proc(), strconv.Itoa(id.PID)), os.O_RDONLY|unix.O_DIRECTORY, 0)
	s := &subject{page: p, dir: dir, root: w.proc(), id: id}
	if err == nil {
		defer dir.Close()
		err = s.verify()
	}
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, errEnded):
		p.linef("    (%v)", errEnded)
		return
	case err != nil:
		p.linef("    (%s)", inWords(err))
		return
	}
	threads, total := s.threads()
	for _, read := range []func(){
		s.status, func() { s.tally(threads, total) }, s.limits, s.descriptors, s.cgroup, s.children,
		s.io, func() { s.stacks(threads) },
	} {
		if err := s.verify(); errors.Is(err, errEnded) {
			p.linef("  (%v: the rest is missing)", errEnded)
			return
		}
		read()
	}
}

// verify returns errEnded unless the process is the one of the ID and lives.
func (s *subject) verify() error {
	text, err := readAt(s.page, s.dir, "stat", 4096)
	if errors.Is(err, os.ErrNotExist) {
		return errEnded
	}
	if err != nil {
		return err
	}
	var now procfile.Stat
	if err = now.Parse([]byte(text)); err == nil && (now.PID != s.id.PID || now.Start != s.id.Start || now.Dead()) {
		return errEnded
	}
	return err
}

// show adds a file under its name.
func (s *subject) show(name string, lines int) {
	s.page.linef("  %s", filepath.Base(name))
	text, err := readAt(s.page, s.dir, name, 64<<10)
	if err != nil {
		s.page.linef("    (%s)", inWords(err))
		return
	}
	s.page.block(text, lines)
}

func (s *subject) status() {
	s.show("stat", 1)
	s.show(s.via+"status", 80)
	s.show("oom_score", 1)
	s.show("oom_score_adj", 1)
	s.show(s.via+"schedstat", 1)
}

func (s *subject) limits() { s.show("limits", 40) }

func (s *subject) io() { s.show("io", 20) }

// readAt reads a file below a directory, or anywhere if that is nil, up to limit bytes;
// the page notes it. If a process or thread is gone the error is os.ErrNotExist.
func readAt(p *page, dir *os.File, name string, limit int) (string, error) {
	if !p.reading(name) {
		return "", errors.New("not read")
	}
	at := unix.AT_FDCWD
	if dir != nil {
		at = int(dir.Fd())
	}
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", gone(name, err)
	}
	defer unix.Close(fd)
	buf := make([]byte, 0, 4096)
	for len(buf) < limit {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := unix.Read(fd, buf[len(buf):min(cap(buf), limit)])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return string(buf), gone(name, err)
		case n == 0:
			return string(buf), nil
		default:
			buf = buf[:len(buf)+n]
		}
	}
	return string(buf), nil
}

func gone(name string, err error) error {
	if err == unix.ESRCH {
		err = unix.ENOENT
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// names lists a directory of the process, at most so many names, and whether there are more.
func (s *subject) names(name string, most int) (names []string, more bool, err error) {
	if !s.page.reading(name) {
		return nil, false, errors.New("not read")
	}
	fd, err := unix.Openat(int(s.dir.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, false, gone(name, err)
	}
	d := os.NewFile(uintptr(fd), name)
	defer d.Close()
	names, err = d.Readdirnames(most + 1)
	if len(names) > 0 {
		err = nil
	}
	return names[:min(len(names), most)], len(names) > most, err
}

// only keeps the lines that begin with one of the words.
func only(text string, words ...string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for _, w := range words {
			if strings.HasPrefix(line, w) {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}
