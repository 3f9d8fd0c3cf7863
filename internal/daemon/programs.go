package daemon

import (
	"context"
	"time"

	"procward/escalate/power"
	"procward/internal/message"
	"procward/internal/script"
)

// openScripts prepares the launchers, before the first death, and before the limits of
// the daemon are changed, because programs must not inherit those.
func openScripts(v *voice) *script.Runner {
	r := &script.Runner{Guarded: true, Note: v.fellBack, Say: func(text string) { v.say(message.LauncherTrouble, text) }}
	r.Prepare()
	return r
}

// ownProgram runs our own program, as power.Run says.
func ownProgram(scripts *script.Runner) power.Run {
	return func(ctx context.Context, argv []string) (int, error) {
		job := script.Job{Argv: argv, Timeout: time.Hour, Grace: time.Millisecond, End: ctx.Done()}
		res := scripts.Run(context.WithoutCancel(ctx), job, nil)
		if res.Left != nil {
			<-res.Left
		}
		if res.PID == 0 {
			return 0, res.Err
		}
		return res.Code, nil
	}
}
