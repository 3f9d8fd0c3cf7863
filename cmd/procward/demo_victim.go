package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// demoPrefix begins the names under which the demo has this program run as its victims:
// the kernel takes the name of a process from the file that is executed, and that is a
// link of this name.
const demoPrefix = "demo-"

// The exit codes of a victim.
const (
	codeAsked  = 3 // SIGUSR2
	codeBroken = 4 // it cannot work, which it finds out after brokenAfter
)

// brokenAfter is how long a victim that cannot work runs.
const brokenAfter = 150 * time.Millisecond

// demoVictim lives the life of a victim, if this program was started under the name of
// one, and does not return then.
func demoVictim(argv0 string) {
	name, is := strings.CutPrefix(filepath.Base(argv0), demoPrefix)
	if !is {
		return
	}
	v := victim{name: name, path: argv0, stage: stage{dir: filepath.Dir(argv0)}}
	code, err := v.live()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s belongs to procward demo, which starts it: %v\n", argv0, err)
	}
	unix.Exit(code) // at once: with the race detector os.Exit would wait a second
}

// victim is a process that does nothing, and does what signals ask of it: SIGUSR1 to
// start its successor and exit with code 0, SIGUSR2 to exit with codeAsked.
type victim struct {
	name  string
	path  string
	stage stage
}

// live ends with the demo at the latest, however that ends: a read of a FIFO which only
// the demo holds open for writing returns then. Nothing of the demo may be left, so the
// victim that sees this removes the demo's directory too.
func (v victim) live() (code int, err error) {
	// Without O_NONBLOCK the open would wait for ever where the demo has ended.
	alive, err := os.OpenFile(v.stage.alive(), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return exitBad, err
	}
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, alive) // an error is an end too
		close(over)
	}()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGUSR1, unix.SIGUSR2)
	if err := v.stage.tell("up", v.name); err != nil {
		return exitBad, err
	}
	var broken <-chan time.Time
	if v.name == demoCrash && exists(v.stage.broken()) {
		broken = time.After(brokenAfter)
	}
	select {
	case <-over:
		return 0, v.stage.remove()
	case <-broken:
		return codeBroken, nil
	case s := <-asked:
		if s == unix.SIGUSR1 {
			return 0, v.succeed()
		}
		return codeAsked, nil
	}
}

// succeed starts the victim's successor in a session of its own; once Start returns it
// is executed, and has its name and arguments.
func (v victim) succeed() error {
	next := exec.Command(v.path)
	next.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return next.Start()
}
