package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
	"procward/procscan"
)

// least is the room that is reserved for each log, in bytes, if no more is needed.
const least = 1 << 20

// errTail means that nothing can be written before everything is written anew.
var errTail = errors.New("the log has no end to go on from")

// log is the two files. Only the goroutine of Book.Run uses it, except for bring.
type log struct {
	dir, boot string

	number uint64 // of the newest record that was tried,
	after  uint64 // of the newest one that was written,
	disk   uint64 // and of the newest one that is known to be on the disk

	at   int // the file that records go to
	file *os.File
	end  int64 // where the next one goes
	room int64 // how long the file may grow
	base int64 // and how much of that is besides everything
	life int   // its number among all: it changes when records go elsewhere
	safe bool  // that file, from its beginning, is known to be on the disk
	torn bool  // after its last record comes another end: nothing may be added there
	lies bool  // its fsync(2) has failed: what it reports from then on means nothing
	left *left // the other one, until it is known to be useless

	// The calls to the kernel, replaced in tests.
	writeAt func(f *os.File, b []byte, at int64) error
	fsync   func(f *os.File) error
}

// left is the log that records went to before.
type left struct {
	end   int64  // of it
	whole uint64 // the record that has replaced it
}

func newLog(dir, boot string) *log {
	return &log{dir: dir, boot: boot, room: least, base: least, fsync: (*os.File).Sync,
		writeAt: func(f *os.File, b []byte, at int64) error { _, err := f.WriteAt(b, at); return err }}
}

func (l *log) record() record {
	l.number++
	return record{number: l.number, After: l.after, Disk: l.disk, Boot: l.boot, Boottime: int64(procscan.Boottime()), Wall: time.Now()}
}

// append writes changes. After an error they may be there all the same, and will be read
// unless there is a newer record.
func (l *log) append(set map[string]json.RawMessage) error {
	if l.file == nil || l.torn || !ours(l.file) { // it may have lost its name
		return errTail
	}
	r := l.record()
	r.Set = set
	line, err := r.line()
	if err != nil {
		return err
	}
	if err := l.writeAt(l.file, line, l.end); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	l.after, l.end = r.number, l.end+int64(len(line))
	return nil
}

// due reports whether everything must be written anew.
func (l *log) due() bool { return l.file == nil || l.torn || l.lies || l.end > l.room }

// putOff tries that again only after some more was written.
func (l *log) putOff() { l.room = max(l.room, l.end+l.base/8) }

// renew writes everything into the other file; records go there from then on. After an
// error they go on where they went before. The content of the other file is given up only
// if the present one is on the disk.
func (l *log) renew(values map[string]json.RawMessage) error {
	dir, err := trust.Dir(l.dir, 0o700)
	if err != nil {
		return err
	}
	defer dir.Close()
	r := l.record()
	r.Whole, r.Set = true, values
	line, err := r.line()
	if err != nil {
		return err
	}
	to, name := 1-l.at, logs[1-l.at]
	room := 2*int64(len(line)) + l.base
	if l.file != nil && !l.safe && (l.lies || l.fsync(l.file) != nil) {
		name += ".new" // it is not certain that one of them is on the disk: both stay until there is a third
	}
	f, err := openOwn(dir, name)
	if err != nil {
		return err
	}
	reserve(f, room)
	if err = l.writeAt(f, line, 0); err == nil && name != logs[to] {
		if err = l.fsync(f); err == nil {
			err = unix.Renameat(int(dir.Fd()), name, int(dir.Fd()), logs[to])
		}
	}
	if err != nil {
		f.Close()
		if name != logs[to] || l.after == 0 { // nothing has been there before
			_ = unix.Unlinkat(int(dir.Fd()), name, 0)
		}
		return fmt.Errorf("write the state: %w", err)
	}
	if other, err := openOwn(dir, logs[1-to]); err == nil { // it is due next
		reserve(other, room)
		other.Close()
	}
	l.move(to, f, int64(len(line)), room, r.number)
	return nil
}

// move makes records go to the other file.
func (l *log) move(to int, f *os.File, end, room int64, whole uint64) {
	l.left = nil
	if l.file != nil {
		l.left = &left{end: l.end, whole: whole}
		l.file.Close()
	}
	l.at, l.file, l.end, l.room, l.after = to, f, end, room, whole
	l.life, l.safe, l.torn, l.lies = l.life+1, false, false, false
}

// bring brings what is written to the disk. It may be called at the same time as the
// goroutine of Run, with what present returns.
func (l *log) bring(f *os.File) error {
	dir, err := os.Open(l.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return errors.Join(l.fsync(f), dir.Sync())
}

// present is another descriptor for the file that records go to.
func (l *log) present() (*os.File, error) {
	if l.file == nil {
		return nil, fs.ErrNotExist
	}
	fd, err := unix.FcntlInt(l.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), l.file.Name()), nil
}

// brought is called when everything up to a record is on the disk, with the life that the
// log had then. The other log is useless then, and this is written into it: if this one
// should be lost, the other is known not to be the newest.
func (l *log) brought(life int, number uint64) {
	if life != l.life {
		return
	}
	l.safe, l.disk = true, max(l.disk, number)
	if l.left == nil {
		return
	}
	r := l.record()
	r.Moved, r.After = l.left.whole, 0
	dir, err := os.Open(l.dir)
	if err != nil {
		return
	}
	defer dir.Close()
	line, err := r.line()
	if f, failed := openAt(dir, logs[1-l.at], unix.O_WRONLY); err == nil && failed == nil {
		_ = l.writeAt(f, line, l.left.end) // a precaution: without it a lost log is not reported
		f.Close()
	}
	l.left = nil
}

func (l *log) close() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}

// reserve reserves the room of a log; if it cannot, a full disk may make a write fail.
func reserve(f *os.File, room int64) { _ = unix.Fallocate(int(f.Fd()), 0, 0, room) }
