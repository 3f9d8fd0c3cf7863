// Package launch starts programs by a process of its own, a launcher, so that nothing
// that a start waits for delays the caller: execve(2) of a script on a file system whose
// server is gone never returns, and in Go the whole program that calls it stands still at
// the next garbage collection.
//
// A launcher is our own program once more (Main). It is made in advance, by another
// launcher, so that nothing is forked between a death and the restart. What it starts is
// still our child (CLONE_PARENT of clone(2)): we wait for it, signal it and reap it. A
// launcher that does not return is left behind with the program that it starts, and
// another one takes its place. It ends when we end; what it has started does not.
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
	// Whole keeps everything that the program starts together, so that Started.End ends it,
	// and it does not outlive this process. If that is not possible the program runs all the
	// same, and this is reported once.
	Whole bool
	// Guarded: as root, the program, its interpreter and the script among its arguments must
	// pass trust.Program immediately before the start.
	Guarded bool
}

// Started is a program that was executed. It leads a session of its own. It is our child:
// the caller of Start reaps it, and calls Launchers.Reaped.
type Started struct {
	PID int
	At  time.Duration // CLOCK_BOOTTIME just after it was executed

	// End, of a Program that is Whole, is called when the program is over: kill says whether
	// everything that it has started must end as well; else it is left alone. It does not
	// wait. nil: there is nothing to do.
	End func(kill bool)
}

// ErrLack means that a program was not started because we lack something ourselves:
// descriptors, processes, memory, or a launcher. It is not the fault of the program.
var ErrLack = errors.New("procward lacks what it needs to start a program")

// ErrLate means that the execution of a program took longer than allowed.
var ErrLate = errors.New("it has not come to its end in time")

// failure is why a program was not started, as a launcher reported it. It matches its
// error number, and ErrLack if that is the case.
type failure struct {
	text  string
	errno unix.Errno
	lack  bool
}

func (f *failure) Error() string { return f.text }

func (f *failure) Is(target error) bool {
	return target == ErrLack && f.lack || f.errno != 0 && target == error(f.errno)
}

// lacks reports whether an error is about resources that we share or have too few of.
func lacks(err error) bool {
	for _, errno := range []unix.Errno{unix.EAGAIN, unix.ENOMEM, unix.EMFILE, unix.ENFILE} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
