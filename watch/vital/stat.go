package vital

import (
	"bytes"
	"errors"
)

// The positions of fields behind the last ')' of /proc/PID/stat, as proc_pid_stat(5)
// numbers them.
const (
	fieldPPID      = 4
	fieldUtime     = 14
	fieldStime     = 15
	fieldThreads   = 20
	fieldStarttime = 22
	fieldRSS       = 24
)

var errForm = errors.New("is not in the form that proc(5) says")

// stat is what is used of one line of /proc/PID/stat or /proc/PID/task/TID/stat.
type stat struct {
	state   byte
	ppid    int
	cpu     uint64 // utime and stime: of all threads of the process, living or not, or of one; hundredths of a second
	threads int
	start   uint64
	rss     int64 // pages
}

// parse reads a line. The name ends at the last ')', since it may itself hold one.
func (s *stat) parse(text []byte) error {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 || len(text) < end+4 || text[end+1] != ' ' {
		return errForm
	}
	*s = stat{state: text[end+2]}
	b := text[end+3:]
	for field := fieldPPID; field <= fieldRSS; field++ {
		v, rest, ok := number(b)
		if !ok {
			return errForm
		}
		s.set(field, v)
		b = rest
	}
	return nil
}

func (s *stat) set(field int, v int64) {
	switch field {
	case fieldPPID:
		s.ppid = int(v)
	case fieldUtime, fieldStime:
		s.cpu += uint64(v)
	case fieldThreads:
		s.threads = int(v)
	case fieldStarttime:
		s.start = uint64(v)
	case fieldRSS:
		s.rss = max(v, 0)
	}
}

// dead reports whether no thread is left.
func (s *stat) dead() bool {
	return s.state == 'X' || s.state == 'x' || s.state == 'Z' && s.threads <= 1
}

// number reads a decimal number behind blanks at the beginning of b.
func number(b []byte) (v int64, rest []byte, ok bool) {
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

// line is the number behind a word that begins a line: "voluntary_ctxt_switches:\t7".
func line(text []byte, word string) (int64, bool) {
	for len(text) > 0 {
		if len(text) > len(word) && string(text[:len(word)]) == word {
			v, _, ok := number(text[len(word):])
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
