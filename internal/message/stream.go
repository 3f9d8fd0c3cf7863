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
// JSON. On a terminal the severity has a colour. If the file is a stream to journald each
// line begins with <N> (sd-daemon(3)), and the text has no time of its own.
type Stream struct {
	file    *os.File // keeps fd open
	fd      int
	json    bool
	colour  bool
	journal bool
	torn    bool // a line was begun and not ended
}

// NewStream makes a sink for f, which must stay open. It writes to the descriptor itself,
// because a broken pipe at os.Stderr would end the program (os/signal, SIGPIPE).
func NewStream(f *os.File, json bool) (*Stream, error) {
	s := &Stream{file: f, json: json}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	if err := raw.Control(func(fd uintptr) { s.fd = int(fd) }); err != nil {
		return nil, err
	}
	if _, err := unix.IoctlGetTermios(s.fd, unix.TCGETS); err == nil {
		s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if s.fd == unix.Stderr {
		s.journal, _ = journal.StderrIsJournalStream()
	}
	return s, nil
}

// Write writes one line.
func (s *Stream) Write(m Message) error {
	line := s.line(m)
	if s.torn {
		line = append([]byte{'\n'}, line...)
	}
	end := time.Now().Add(writeTimeout)
	for written := 0; written < len(line); {
		n, err := s.chunk(line[written:], time.Until(end))
		if err != nil {
			s.torn = s.torn || written > 0
			return fmt.Errorf("write to %s: %w", s.file.Name(), err)
		}
		written += n
	}
	s.torn = false
	return nil
}

// chunk writes as much as is possible without blocking: a pipe that polls as writable
// takes at least PIPE_BUF bytes (pipe(7)). The file is not made non-blocking, because the
// process that gave it to us shares that mode.
func (s *Stream) chunk(b []byte, timeout time.Duration) (int, error) {
	const pipeBuf = 4096
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, max(0, int(timeout/time.Millisecond)))
	switch {
	case errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, os.ErrDeadlineExceeded
	}
	n, err = unix.Write(s.fd, b[:min(len(b), pipeBuf)])
	if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
		return 0, nil
	}
	return n, err
}

func (s *Stream) line(m Message) []byte {
	var b []byte
	if s.journal {
		b = fmt.Appendf(b, "<%d>", int(m.Severity()))
	}
	switch {
	case s.json:
		return append(b, m.JSON()...)
	case s.journal:
	case s.colour:
		b = fmt.Appendf(b, "%s %s%s\x1b[0m ", m.Time.Format("15:04:05.000000"), colourOf(m.Severity()), m.Severity())
	default:
		b = fmt.Appendf(b, "%s %s ", m.Time.Format(stamp), m.Severity())
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
