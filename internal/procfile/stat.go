// Package procfile reads the files of proc(5) for all packages that look at processes:
// one parser of /proc/PID/stat, and calls that make no garbage, because they are made for
// each process of each look. It only reads.
package procfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Tick is the unit of start times and CPU times: proc_pid_stat(5) gives them in clock ticks,
// and USER_HZ is 100 on every architecture that Linux and Go share.
const Tick = 10 * time.Millisecond

// StatSize holds any line of /proc/PID/stat: 52 numbers of at most 20 digits and a name.
const StatSize = 1536

// MaxPID is PID_MAX_LIMIT, include/linux/threads.h.
const MaxPID = 4 << 20

// Flags of a task, include/linux/sched.h.
const (
	pfExiting = 0x00000004
	pfKthread = 0x00200000
)

// ErrForm means that a text is not in the form of the manual.
var ErrForm = errors.New("not in the form of proc(5)")

// Stat is one line of /proc/PID/stat or /proc/PID/task/TID/stat (proc_pid_stat(5)).
type Stat struct {
	PID     int
	Comm    []byte // lies in the text that was parsed
	State   byte   // R S D Z T …; the leader's, also where it has exited and others live
	PPID    int
	PGRP    int
	Session int
	TTY     int
	Flags   uint64
	CPU     uint64 // utime and stime, in ticks: of all threads of the process, living or not, or of one
	Threads int
	Start   uint64 // in ticks since boot, CLOCK_BOOTTIME
	RSS     int64  // pages
	Exit    int    // of a zombie: its wait status, as waitpid(2) gives it

	far []byte // what follows, from firstFar on
}

// The fields as the manual numbers them.
const (
	fieldPPID      = 4
	fieldPGRP      = 5
	fieldSession   = 6
	fieldTTY       = 7
	fieldFlags     = 9
	fieldUtime     = 14
	fieldStime     = 15
	fieldThreads   = 20
	fieldStarttime = 22
	fieldRSS       = 24
	firstFar       = 25
	fieldExitCode  = 52
)

// Kernel reports whether it is a thread of the kernel.
func (s *Stat) Kernel() bool { return s.Flags&pfKthread != 0 }

// Exiting reports whether the kernel is ending it: its memory is gone already, or will be
// soon.
func (s *Stat) Exiting() bool { return s.Flags&pfExiting != 0 }

// Dead reports whether no thread is left and only the parent has not yet reaped the
// process.
func (s *Stat) Dead() bool { return Dead(s.State, s.Threads) }

// Dead is Stat.Dead by the two fields that matter.
func Dead(state byte, threads int) bool {
	return state == 'X' || state == 'x' || state == 'Z' && threads <= 1
}

// Leaderless reports whether the leading thread has exited while others live.
func (s *Stat) Leaderless() bool { return s.State == 'Z' && s.Threads > 1 }

// Parse reads a line. The name ends at the last ')' of the text, since it may itself hold
// ')', blanks and newlines.
func (s *Stat) Parse(text []byte) error {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 2 || end < open || text[open-1] != ' ' {
		return fmt.Errorf("%w: no name in parentheses", ErrForm)
	}
	pid, rest, ok := Number(text[:open-1])
	if !ok || len(rest) != 0 || pid < 1 || pid > MaxPID || open > 12 {
		return fmt.Errorf("%w: begins with no PID", ErrForm)
	}
	*s = Stat{PID: int(pid), Comm: text[open+1 : end]}
	return s.fields(text[end+1:])
}

// fields reads what follows the name: a state letter, then numbers.
func (s *Stat) fields(b []byte) error {
	if len(b) < 3 || b[0] != ' ' || b[1]|0x20 < 'a' || b[1]|0x20 > 'z' || b[2] != ' ' {
		return fmt.Errorf("%w: no state behind the name", ErrForm)
	}
	s.State, b = b[1], b[2:]
	for field := fieldPPID; field <= fieldRSS; field++ {
		v, rest, ok := Number(b)
		if !ok {
			return fmt.Errorf("%w: field %d is no number", ErrForm, field)
		}
		s.set(field, v)
		b = rest
	}
	s.far = b
	if s.State == 'Z' {
		s.Exit = int(s.Far(fieldExitCode)) // 0 before Linux 3.5, which does not show it
	}
	return nil
}

func (s *Stat) set(field int, v int64) {
	switch field {
	case fieldPPID:
		s.PPID = int(v)
	case fieldPGRP:
		s.PGRP = int(v)
	case fieldSession:
		s.Session = int(v)
	case fieldTTY:
		s.TTY = int(v)
	case fieldFlags:
		s.Flags = uint64(v)
	case fieldUtime, fieldStime:
		s.CPU += uint64(v)
	case fieldThreads:
		s.Threads = int(v)
	case fieldStarttime:
		s.Start = uint64(v)
	case fieldRSS:
		s.RSS = max(v, 0)
	}
}

// Far is one of the fields from 25 on, which few callers need; 0 if it is missing. The
// text that was parsed must not have changed.
func (s *Stat) Far(field int) uint64 {
	b := s.far
	for at := firstFar; ; at++ {
		v, rest, ok := Number(b)
		if !ok {
			return 0
		}
		if at == field {
			return uint64(v)
		}
		b = rest
	}
}

// Number reads a decimal number after blanks at the beginning of b, with an optional
// minus sign. Numbers of more than 64 bits wrap; the kernel prints none that is used
// here.
func Number(b []byte) (v int64, rest []byte, ok bool) {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	i := 0
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		v = v*10 + int64(b[i]-'0')
	}
	if negative {
		v = -v
	}
	return v, b[i:], i > 0
}

// Line is the number after a word at the beginning of a line:
// "voluntary_ctxt_switches:\t7".
func Line(text []byte, word string) (int64, bool) {
	for len(text) > 0 {
		if len(text) > len(word) && string(text[:len(word)]) == word {
			v, _, ok := Number(text[len(word):])
			return v, ok
		}
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			break
		}
		text = text[end+1:]
	}
	return 0, false
}

// Read reads the stat file of a process of this host, for callers to whom garbage does
// not matter.
func Read(pid int) (s Stat, err error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Stat{}, gone(err)
	}
	err = s.Parse(text)
	return s, err
}

// PIDs lists the processes of this host.
func PIDs() []int {
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
