package main

import (
	"context"
	"time"

	"procward/internal/message"
	"procward/internal/script"
)

// openScripts makes ready what starts programs, before the first death, and before the
// limits of the daemon are changed, which programs must not inherit.
func (d *daemon) openScripts() {
	d.scripts = &script.Runner{Guarded: true, Note: d.fellBack, Say: func(text string) { d.say(message.LauncherTrouble, text) }}
	d.scripts.Prepare()
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
