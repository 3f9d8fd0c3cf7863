package procscan

import (
	"bytes"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"procward/internal/account"
	"procward/internal/procfile"
)

// subject is the process that is being examined. It reads a file when a match first needs
// it, and never twice. Its buffers are used for one process after another.
type subject struct {
	fs    *FS
	ours  *ours
	users account.Ask
	enter func(id ID, what string) error // asked before a read that may block for ever

	id    ID
	path  procfile.Path
	stat  procfile.Stat
	tid   int  // the thread that is read instead of an exited leader, 0 if none
	state byte // of that thread

	uid    uint32
	exe    []byte
	args   []byte // joined by blanks
	plain  []byte // the same with line breaks as blanks; nil: not made yet
	script string // the path of a script of ours among the first arguments
	unit   string
	count  int // PID namespaces from the reader's down to the process's

	readings [kinds]reading
	over     bool // it has ended meanwhile
	judged   int  // how many times a process was compared with a query, for tests

	statBuf, textBuf, linkBuf, argsBuf []byte
}

// The kinds of readings besides stat.
const (
	ofUser = iota
	ofExe
	ofArgs
	ofUnit
	ofStatus
	kinds
)

// reading is the progress of one kind.
type reading struct {
	done bool
	err  error
}

const whatStat = "stat"

// The names of the others in Unreadable.What.
var whats = [kinds]string{ofUser: "user", ofExe: "exe", ofArgs: "cmdline", ofUnit: "cgroup", ofStatus: "status"}

const (
	textSize   = 4096                // most of the time the whole of /proc/PID/status
	textLimit  = 1 << 20             // NGROUPS_MAX groups of 10 digits
	linkSize   = 4096 + len(deleted) // PATH_MAX
	argsSize   = 4096
	argsLimit  = 2 << 20  // more of a command line is not looked at
	argsToKeep = 64 << 10 // a larger buffer is given back after the process
)

func newSubject(fs *FS, enter func(ID, string) error) *subject {
	return &subject{
		fs: fs, enter: enter,
		statBuf: make([]byte, procfile.StatSize), textBuf: make([]byte, 0, textSize),
		linkBuf: make([]byte, linkSize), argsBuf: make([]byte, 0, argsSize),
	}
}

// open turns to a process and reads its stat file. The error is os.ErrNotExist if the
// process has ended.
func (s *subject) open(pid int) error {
	if cap(s.argsBuf) > argsToKeep {
		s.argsBuf = make([]byte, 0, argsSize)
	}
	s.id, s.tid, s.over, s.script, s.plain = ID{PID: pid}, 0, false, "", nil
	s.stat = procfile.Stat{PID: pid}
	clear(s.readings[:])
	if err := s.enter(s.id, whatStat); err != nil {
		return err
	}
	if err := s.fs.dir.Stat(pid, 0, s.statBuf, &s.stat); err != nil {
		return err
	}
	s.id.Start = s.stat.Start
	return nil
}

// runsNone reports, without another look at the process, whether it certainly runs no
// program that a query asks for.
func (s *subject) runsNone(pid int, x *index) bool {
	if s.enter(ID{PID: pid}, whats[ofExe]) != nil {
		return false
	}
	exe, err := s.fs.dir.Link(s.path.Of(pid, 0, "exe"), s.linkBuf)
	return err == nil && !x.runs(exe)
}

// nobody reports whether no match can mean it: it is a thread of the kernel, a zombie, or
// ourselves.
func (s *subject) nobody() bool {
	return s.stat.Kernel() || s.stat.Dead() || s.id.PID == s.fs.self
}

// process is what has been read so far.
func (s *subject) process() Process {
	p := process(&s.stat)
	if s.has(ofUser) {
		p.UID = s.uid
	}
	if s.has(ofExe) {
		p.Exe = string(bytes.TrimSuffix(s.exe, []byte(deleted)))
	}
	if s.has(ofArgs) {
		p.Args = string(s.args)
	}
	if s.has(ofUnit) {
		p.Unit = s.unit
	}
	if s.stat.Leaderless() && (s.tid != 0 || s.leave()) {
		p.State = s.state
	}
	return p
}

func (s *subject) has(kind int) bool { return s.readings[kind].done && s.readings[kind].err == nil }

// get reads a kind, once. Afterwards over reports whether the process has ended;
// otherwise the error, an *unreadError, says why the kind cannot be read.
func (s *subject) get(kind int, from func() error) error {
	r := &s.readings[kind]
	if r.done || s.over {
		return r.err
	}
	r.done = true
	if err := s.enter(s.id, whats[kind]); err != nil {
		r.err = &unreadError{whats[kind], err}
		return r.err
	}
	err := os.ErrNotExist
	if !s.stat.Leaderless() || kind == ofUser || kind == ofStatus {
		err = from()
	}
	// If the leader has exited, perhaps just now, a living thread shows the same.
	for try := 0; errors.Is(err, os.ErrNotExist) && s.stat.Threads > 1 && try < 3 && s.leave(); try++ {
		err = from()
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		s.over = true
	case err != nil:
		r.err = &unreadError{whats[kind], err}
	}
	return r.err
}

// unreadError says which file of a process could not be read, and why.
type unreadError struct {
	what string
	err  error
}

func (e *unreadError) Error() string { return "read " + e.what + ": " + e.err.Error() }

func (e *unreadError) Unwrap() error { return e.err }

// leave changes from a leader or thread that has exited to a living thread.
func (s *subject) leave() bool {
	tid, thread, _ := s.fs.dir.LiveThread(s.id.PID, s.textBuf[:cap(s.textBuf)])
	s.tid, s.state = tid, thread.State
	return tid != 0
}

// readUser reads the owner of the directory /proc/PID. It is the effective user of the
// process even if the process is not dumpable: task_dump_owner() in fs/proc/base.c looks
// at that flag for all files except directories of mode 0555.
func (s *subject) readUser() error {
	return s.get(ofUser, func() error {
		var st unix.Stat_t
		err := s.fs.dir.Inode(s.path.Of(s.id.PID, 0, ""), &st)
		s.uid = st.Uid
		return err
	})
}

// readExe reads the link /proc/PID/exe.
func (s *subject) readExe() error {
	return s.get(ofExe, func() (err error) {
		s.exe, err = s.fs.dir.Link(s.path.Of(s.id.PID, s.tid, "exe"), s.linkBuf)
		return err
	})
}

// readArgs reads /proc/PID/cmdline.
func (s *subject) readArgs() error {
	return s.get(ofArgs, func() (err error) {
		s.argsBuf, err = s.fs.dir.Whole(s.path.Of(s.id.PID, s.tid, "cmdline"), s.argsBuf, argsLimit)
		s.script = s.ours.among(s.argsBuf)
		s.args = joinArgs(s.argsBuf)
		if err == nil && len(s.args) == 0 && s.stat.Threads > 1 && s.tid == 0 {
			return os.ErrNotExist // a leader that is exiting has no memory any more
		}
		return err
	})
}

// plainArgs is the arguments with line breaks as blanks.
func (s *subject) plainArgs() []byte {
	switch {
	case s.plain != nil:
	case bytes.ContainsAny(s.args, lineBreaks):
		s.plain = []byte(plainText(string(s.args)))
	default:
		s.plain = s.args
	}
	return s.plain
}

// readUnit reads the path of the control group.
func (s *subject) readUnit() error {
	return s.get(ofUnit, func() (err error) {
		s.unit, err = s.unitOf(s.id.PID, s.tid)
		return err
	})
}

// unitOf is the path of the control group of a process, by a thread of it where tid is not 0:
// on the hierarchies of version 1 an exited leader shows "/".
func (s *subject) unitOf(pid, tid int) (path string, err error) {
	s.textBuf, err = s.fs.dir.All(s.path.Of(pid, tid, "cgroup"), s.textBuf, textLimit)
	return unitPath(procfile.Groups(string(s.textBuf))), err
}

// readStatus counts the PID namespaces that the process is in.
func (s *subject) readStatus() error {
	return s.get(ofStatus, func() (err error) {
		s.count, s.textBuf, err = s.fs.namespaces(s.id.PID, s.textBuf)
		return err
	})
}
