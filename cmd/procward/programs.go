package main

import (
	"context"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"procward/internal/message"
	"procward/internal/script"
)

// openScripts makes ready what starts programs, before the first death, and before the
// limits of the daemon are changed, which programs must not inherit.
func (d *daemon) openScripts() {
	d.scripts = &script.Runner{Guarded: true, Note: d.fellBack, Say: func(text string) { d.say(message.LauncherTrouble, text) }}
	d.scripts.Prepare()
}

// foster reaps what is left to us, where that is us: PID 1 of a container, or a subreaper
// (PR_SET_CHILD_SUBREAPER of prctl(2)).
func (d *daemon) foster(ctx context.Context) {
	var subreaper int32
	_ = unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&subreaper)), 0, 0, 0)
	if os.Getpid() == 1 || subreaper != 0 {
		go d.scripts.Foster(ctx)
	}
}

// runOwn runs our own program, as power.Run says.
func (d *daemon) runOwn(ctx context.Context, argv []string) (int, error) {
	job := script.Job{Argv: argv, Timeout: time.Hour, Grace: time.Millisecond, End: ctx.Done()}
	res := d.scripts.Run(context.WithoutCancel(ctx), job, nil)
	if res.Left != nil {
		<-res.Left
	}
	if res.PID == 0 {
		return 0, res.Err
	}
	return res.Code, nil
}
