package script

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// output is what one script writes to stdout and stderr.
//
// It is a file, not a pipe: a daemon that the script leaves behind often keeps it as its
// own stdout, and with a pipe it would block once nobody reads, or be killed by SIGPIPE
// once we end. For the same reason the file has no limit that a write could hit (a
// sealed memfd, RLIMIT_FSIZE): the daemon would run for weeks and then fail in a log
// line. Instead the keeper frees what was written long ago. And the file has a name
// while somebody holds it, so that an operator sees what takes the space and the next
// procward can go on freeing it.
type output struct {
	keeper *keeper
	name   string   // path of the file; empty where there is none
	w      *os.File // until the script has started
	err    error    // why there is none
}

// fd is the script's end, which it may open again (echo > /dev/stderr). A script runs with
// its output lost rather than not at all.
func (o *output) fd() int {
	if o.w == nil {
		return -1
	}
	return int(o.w.Fd())
}

// started closes our copy of the script's end.
func (o *output) started() {
	if o.w != nil {
		o.w.Close()
	}
}

// text is the end of what was written so far, fit for one line of a log.
func (o *output) text() string {
	if o.name == "" {
		return fmt.Sprintf("(output not kept: %v)", o.err)
	}
	tail, cut, err := readTail(o.name)
	if err != nil {
		return fmt.Sprintf("(output lost: %v)", err)
	}
	return visible(tail, cut)
}

// release lets go of the file: it is removed now, or, where a process that the script
// left behind still writes to it, as soon as that ends or closes it.
func (o *output) release() {
	o.started()
	if o.name != "" {
		o.keeper.release(filepath.Base(o.name))
	}
}

// readTail is the last maxText bytes of a file, and how many there are before them.
func readTail(name string) (tail []byte, cut int64, err error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // a lease of the script's user must not hold us up
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, err
	}
	cut = max(0, size-maxText)
	tail = make([]byte, size-cut)
	n, err := f.ReadAt(tail, cut)
	if err == io.EOF { // truncated meanwhile
		err = nil
	}
	return tail[:n], cut, err
}
