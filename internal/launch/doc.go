// Package launch starts programs by a process of its own, a launcher, so that nothing
// that a start waits for holds up who asks: execve(2) of a script on a file system whose
// server is gone never returns, and in Go the whole program that calls it stands still
// with the next garbage collection.
//
// A launcher is our own program once more (Main). It is made ahead, by another launcher,
// so that nothing is forked here on the way of a death. What it starts is a child of ours
// all the same (CLONE_PARENT of clone(2)): we wait for it, signal it and reap it. A
// launcher that does not come back is left behind with the program that it starts, and
// another takes its place; it ends when we end, and what it has started does not.
package launch

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// Program is one start.
type Program struct {
	Argv   []string
	Env    []string      // all of it, as in environ(7)
	User   string        // a name or number; empty: our own
	Stdin  []byte        // nil: /dev/null
	Output int           // a descriptor for stdout and stderr; below 0: /dev/null
	Within time.Duration // how long its execution may take, at least a second
	// Whole keeps all that the program starts together, so that Started.End ends it, and it
	// does not outlive this process. Where that cannot be had the program runs all the same,
	// and that is said once.
	Whole bool
	// Guarded holds the program, its interpreter and what it is told to run to
	// trust.Program immediately before the start, where we are root.
	Guarded bool
}

// Started is a program that was executed. It leads a session of its own. It is our child:
// whoever asked for it reaps it, and says so to Launchers.Reaped.
type Started struct {
	PID int
	At  time.Duration // CLOCK_BOOTTIME just after it was executed

	// End, of a Program that is Whole, is called when the program is over: kill says whether
	// what it has started is to end as well, else it is let go. It does not wait. nil: there
	// is nothing to be done.
	End func(kill bool)
}

// ErrLack says that a program was not started because we lack something ourselves:
// descriptors, processes, memory, or a launcher. It is no fault of the program.
var ErrLack = errors.New("procward lacks what it needs to start a program")

// ErrLate says that the execution of a program took longer than it may.
var ErrLate = errors.New("it has not come to its end in time")

// failure is why a program was not started, as a launcher told it. It matches its error
// number, and ErrLack where that is so.
type failure struct {
	text  string
	errno unix.Errno
	lack  bool
}

func (f *failure) Error() string { return f.text }

func (f *failure) Is(target error) bool {
	return target == ErrLack && f.lack || f.errno != 0 && target == error(f.errno)
}

// lacks reports whether an error is of resources that we share or have too few of.
func lacks(err error) bool {
	for _, errno := range []unix.Errno{unix.EAGAIN, unix.ENOMEM, unix.EMFILE, unix.ENFILE} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
