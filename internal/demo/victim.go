package demo

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"io"
)

// demoPrefix begins the names under which the demo runs this program as its victims: the
// kernel takes the name of a process from the file that is executed, and that is a link
// with this name.
const demoPrefix = "demo-"

// The exit codes of a victim.
const (
	codeFailed = 1 // it is not a victim of a running demo
	codeAsked  = 3 // SIGUSR2
	codeBroken = 4 // it cannot work, which it finds out after brokenAfter
)

// brokenAfter is how long a victim that cannot work runs.
const brokenAfter = 150 * time.Millisecond

// Victim is the life of a victim, if this program was started under the name of one: then
// mine is true, and the caller exits with the code, at once.
func Victim(argv0 string) (code int, mine bool, err error) {
	name, mine := strings.CutPrefix(filepath.Base(argv0), demoPrefix)
	if !mine {
		return 0, false, nil
	}
	if code, err = (stage{dir: filepath.Dir(argv0)}).live(name, argv0); err != nil {
		err = fmt.Errorf("%s belongs to procward demo, which starts it: %w", argv0, err)
	}
	return code, true, err
}

// live is the life of a victim. It does nothing except what signals ask: SIGUSR1 to start
// its successor and exit with code 0, SIGUSR2 to exit with codeAsked. At the latest it
// ends with the demo, however that ends: then a read of a FIFO returns which only the
// demo holds open for writing. Nothing of the demo may be left, so the victim that sees
// this removes the demo's directory too.
func (s stage) live(name, program string) (code int, err error) {
	// Without O_NONBLOCK the open would wait for ever where the demo has ended.
	alive, err := os.OpenFile(s.alive(), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return codeFailed, err
	}
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, alive) // an error is an end too
		close(over)
	}()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGUSR1, unix.SIGUSR2)
	events, err := os.OpenFile(s.events(), os.O_WRONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return codeFailed, err
	}
	fmt.Fprintf(events, "up %s %d\n", name, os.Getpid())
	events.Close()
	var broken <-chan time.Time
	if _, err := os.Lstat(s.broken()); err == nil && name == demoCrash {
		broken = time.After(brokenAfter)
	}
	select {
	case <-over:
		return 0, s.remove()
	case <-broken:
		return codeBroken, nil
	case sig := <-asked:
		if sig == unix.SIGUSR1 { // once Start returns the successor is executed, and has its name and arguments
			next := exec.Command(program)
			next.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			return 0, next.Start()
		}
		return codeAsked, nil
	}
}
