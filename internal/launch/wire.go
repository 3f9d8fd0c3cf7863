package launch

import (
	"encoding/gob"
	"io"

	"golang.org/x/sys/unix"
)

// request is what a launcher is told: one start.
type request struct {
	Program
	Path  string // of the program, if it is not Argv[0]
	Files int    // how many descriptors come with it: the output, then what the program gets as 3
}

// answer is what a launcher says about it. Its first answer says that it is ready.
type answer struct {
	PID   int
	At    int64 // nanoseconds of CLOCK_BOOTTIME
	Text  string
	Errno int
	Lack  bool
}

// inbox reads from the socket of a launcher, and keeps the descriptors that come along
// (SCM_RIGHTS of unix(7)).
type inbox struct {
	socket int
	files  []int
}

// Read is io.Reader's.
func (b *inbox) Read(p []byte) (int, error) {
	oob := make([]byte, unix.CmsgSpace(4*maxFiles))
	for {
		n, oobn, _, _, err := unix.Recvmsg(b.socket, p, oob, unix.MSG_CMSG_CLOEXEC)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		b.keep(oob[:oobn])
		return n, nil
	}
}

// maxFiles is how many descriptors come with one request at most.
const maxFiles = 2

func (b *inbox) keep(oob []byte) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return
	}
	for _, m := range messages {
		if fds, err := unix.ParseUnixRights(&m); err == nil {
			b.files = append(b.files, fds...)
		}
	}
}

// take returns the descriptors of a request; the caller closes them.
func (b *inbox) take(n int) []int {
	n = min(n, len(b.files))
	fds := b.files[:n:n]
	b.files = b.files[n:]
	return fds
}

// socketWriter writes to a socket without netpoll: a launcher does one thing at a time.
type socketWriter int

// Write is io.Writer's.
func (s socketWriter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		m, err := unix.Write(int(s), p[n:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}

func newTalk(socket int) (*inbox, *gob.Decoder, *gob.Encoder) {
	in := &inbox{socket: socket}
	return in, gob.NewDecoder(in), gob.NewEncoder(socketWriter(socket))
}
