package procscan

import (
	"bytes"
	"errors"
	"fmt"
)

// The positions of fields behind the last ')' of /proc/PID/stat, as proc_pid_stat(5)
// numbers them.
const (
	fieldState     = 3
	fieldPPID      = 4
	fieldPGRP      = 5
	fieldSession   = 6
	fieldFlags     = 9
	fieldThreads   = 20
	fieldStarttime = 22
	fieldExitCode  = 52
)

const pfKthread = 0x00200000 // PF_KTHREAD, include/linux/sched.h

var errStat = errors.New("not in the form of proc_pid_stat(5)")

// stat is one line of /proc/PID/stat; comm lies in the buffer that was parsed.
type stat struct {
	pid     int
	comm    []byte
	state   byte
	ppid    int
	pgrp    int
	session int
	flags   uint64
	threads int
	start   uint64
	exit    int
}

// ParseStat reads the text of /proc/PID/stat (proc_pid_stat(5)). The name ends at the
// last ')' of the text, since it may itself hold ')', blanks and newlines. State is the
// leader's, also where the leader has exited and other threads live. Fields that the
// text does not give (UID, Exe, Args, Unit) stay empty.
func ParseStat(text []byte) (Process, error) {
	var s stat
	if err := s.parse(text); err != nil {
		return Process{}, err
	}
	return s.process(), nil
}

func (s *stat) process() Process {
	p := Process{
		ID:   ID{PID: s.pid, Start: s.start},
		Comm: string(s.comm), State: s.state,
		PPID: s.ppid, PGRP: s.pgrp, Session: s.session, Threads: s.threads,
		Kernel: s.kernel(),
	}
	if s.dead() {
		p.ExitCode = s.exit // of a living one the field may hold the signal that stopped it
	}
	return p
}

func (s *stat) kernel() bool { return s.flags&pfKthread != 0 }

// dead is Process.Dead.
func (s *stat) dead() bool {
	return s.state == 'X' || s.state == 'x' || s.state == 'Z' && s.threads <= 1
}

// leaderless reports whether the leading thread has exited while others live.
func (s *stat) leaderless() bool { return s.state == 'Z' && s.threads > 1 }

func (s *stat) parse(text []byte) error {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 2 || end < open || text[open-1] != ' ' {
		return fmt.Errorf("%w: no name in parentheses", errStat)
	}
	pid, rest, ok := number(text[:open-1])
	if !ok || len(rest) != 0 || pid < 1 || pid > pidMax || open > 12 {
		return fmt.Errorf("%w: begins with no PID", errStat)
	}
	*s = stat{pid: int(pid), comm: text[open+1 : end]}
	return s.fields(text[end+1:])
}

// fields reads what follows the name: a state letter, then numbers. The exit code, far
// behind, is read of zombies only.
func (s *stat) fields(b []byte) error {
	if len(b) < 3 || b[0] != ' ' || b[1]|0x20 < 'a' || b[1]|0x20 > 'z' || b[2] != ' ' {
		return fmt.Errorf("%w: no state behind the name", errStat)
	}
	s.state, b = b[1], b[2:]
	last := fieldStarttime
	if s.state == 'Z' {
		last = fieldExitCode
	}
	for field := fieldPPID; field <= last; field++ {
		if len(b) == 0 || b[0] != ' ' {
			return s.short(field)
		}
		v, rest, ok := number(b[1:])
		if !ok {
			return s.short(field)
		}
		s.set(field, v)
		b = rest
	}
	return nil
}

// short judges a line that ends before the given field.
func (s *stat) short(field int) error {
	if field > fieldStarttime {
		return nil // a kernel before 3.5 shows no exit code
	}
	return fmt.Errorf("%w: field %d is no number", errStat, field)
}

func (s *stat) set(field int, v int64) {
	switch field {
	case fieldPPID:
		s.ppid = int(v)
	case fieldPGRP:
		s.pgrp = int(v)
	case fieldSession:
		s.session = int(v)
	case fieldFlags:
		s.flags = uint64(v)
	case fieldThreads:
		s.threads = int(v)
	case fieldStarttime:
		s.start = uint64(v)
	case fieldExitCode:
		s.exit = int(v)
	}
}

// number reads a decimal number with an optional minus sign at the beginning of b.
// Numbers beyond 64 bits wrap; the kernel prints none that is used here.
func number(b []byte) (v int64, rest []byte, ok bool) {
	i, negative := 0, len(b) > 0 && b[0] == '-'
	if negative {
		i = 1
	}
	first := i
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		v = v*10 + int64(b[i]-'0')
	}
	if negative {
		v = -v
	}
	return v, b[i:], i > first
}
