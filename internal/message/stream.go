package message

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"golang.org/x/sys/unix"
)

// Stream writes lines to stderr or another open file: text with time and severity, or
// JSON. On a terminal the severity has a colour. Where the file is a stream to journald
// each line begins with <N> (sd-daemon(3)), and the text has no time of its own.
type Stream struct {
	file    *os.File
	json    bool
	colour  bool
	journal bool
	torn    bool // a line was begun and not ended
}

// NewStream makes a sink for f, which stays open: the sink works on a duplicate, for a
// broken pipe on descriptor 2 itself would end the program (os/signal, SIGPIPE).
func NewStream(f *os.File, json bool) *Stream {
	s := &Stream{file: f, json: json}
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err == nil {
		s.file = os.NewFile(uintptr(fd), f.Name())
	}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil {
		s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if f == os.Stderr {
		s.journal, _ = journal.StderrIsJournalStream()
	}
	return s
}

// Write writes one line.
func (s *Stream) Write(m Message) error {
	line := s.line(m)
	if s.torn {
		line = append([]byte{'\n'}, line...)
	}
	end := time.Now().Add(writeTimeout)
	for first := true; len(line) > 0; first = false {
		n, err := s.chunk(line, time.Until(end))
		s.torn = err != nil && (s.torn || !first)
		if err != nil {
			return fmt.Errorf("write to %s: %w", s.file.Name(), err)
		}
		line = line[n:]
	}
	return nil
}

// Close closes the sink's own duplicate.
func (s *Stream) Close() error { return s.file.Close() }

// chunk writes as much as goes in without blocking: a pipe that polls as writable takes
// at least PIPE_BUF bytes (pipe(7)). The file itself is left in blocking mode, which it
// shares with whoever gave it to us.
func (s *Stream) chunk(b []byte, timeout time.Duration) (int, error) {
	const pipeBuf = 4096
	fds := []unix.PollFd{{Fd: int32(s.file.Fd()), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, max(0, int(timeout/time.Millisecond)))
	switch {
	case errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, os.ErrDeadlineExceeded
	}
	return s.file.Write(b[:min(len(b), pipeBuf)])
}

func (s *Stream) line(m Message) []byte {
	var b []byte
	if s.journal {
		b = fmt.Appendf(b, "<%d>", int(m.Kind.Severity))
	}
	switch {
	case s.json:
		return append(b, m.JSON()...)
	case s.journal:
	case s.colour:
		b = fmt.Appendf(b, "%s %s%s\x1b[0m ", m.Time.Format("15:04:05.000000"), colourOf(m.Kind.Severity), m.Kind.Severity)
	default:
		b = fmt.Appendf(b, "%s %s ", m.Time.Format(stamp), m.Kind.Severity)
	}
	return append(b, m.Line()+"\n"...)
}

// colourOf is the escape sequence of a severity (ECMA-48, SGR).
func colourOf(s Severity) string {
	switch {
	case s <= Crit:
		return "\x1b[1;31m"
	case s == Err:
		return "\x1b[31m"
	case s == Warning:
		return "\x1b[33m"
	case s == Notice:
		return "\x1b[32m"
	}
	return "\x1b[2m"
}
