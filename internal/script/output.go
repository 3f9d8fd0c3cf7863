package script

import (
	"fmt"
	"io"
	"os"
)

// output is what one script writes to stdout and stderr.
//
// It is a file, not a pipe: a daemon that the script leaves behind often keeps it as its
// own stdout. With a pipe the daemon would block when nobody reads, or SIGPIPE would kill
// it when we end. Its limit is that of a file system, not of a process (RLIMIT_FSIZE), so
// that it kills nobody: a writer that is faster than the trimmer gets ENOSPC.
type output struct {
	trimmer  *trimmer
	r        *os.File // open for reading; nil: there is none
	w        *os.File // the script's end, until it has started
	watch    int      // the trimmer's; below 0: none
	released bool     // its script has ended
	foreign  bool     // it is of an earlier procward
	err      error    // why there is none
}

// fd is the script's end, which it may open again (echo > /dev/stderr). If there is no
// output the script still runs, and its output is lost.
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
		o.w = nil
	}
}

// text is the end of what was written so far, in a form for one line of a log.
func (o *output) text() string {
	if o.r == nil {
		return fmt.Sprintf("(output not kept: %v)", o.err)
	}
	tail, cut, err := readTail(o.r)
	if err != nil {
		return fmt.Sprintf("(output lost: %v)", err)
	}
	return shown(tail, cut)
}

// release closes the file: now, or, if a process that the script left behind still writes
// to it, as soon as that ends or closes it.
func (o *output) release() {
	o.started()
	o.trimmer.release(o)
}

// readTail is the last maxText bytes of a file, and how many there are before them.
func readTail(f *os.File) (tail []byte, cut int64, err error) {
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
