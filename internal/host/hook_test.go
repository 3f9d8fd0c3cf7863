package host

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/script"
)

type worldFunc func(engine.Effect)

func (f worldFunc) Do(e engine.Effect) { f(e) }

// TestRealHook is a hook that keeps what it reads, and one that reads nothing of more than
// a pipe holds.
func TestRealHook(t *testing.T) {
	for name, body := range map[string]string{"reads": "cat >$OUT.new && mv $OUT.new $OUT", "does not read": "exec >$OUT"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			hook, out := filepath.Join(dir, "hook"), filepath.Join(dir, "out")
			if err := os.WriteFile(hook, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			e := &engine.HookEvent{Message: message.Message{Kind: message.RungAsked, Group: "web"}}
			for range 10_000 {
				e.Members = append(e.Members, engine.Member{Process: "httpd", State: engine.Climbing, Cause: "killed by SIGKILL"})
			}
			var res script.Result
			var stdin []byte
			NewLoop(engine.NewMachine(false, 1), silence{}).carryOut([]engine.Effect{engine.Run{Event: e, Job: script.Job{
				Argv: script.Argv{hook}, Env: map[string]string{"OUT": out}, Timeout: time.Minute,
			}}}, worldFunc(func(e engine.Effect) {
				stdin = e.(engine.Run).Job.Stdin
				res = new(script.Runner).Run(t.Context(), e.(engine.Run).Job, nil)
			}))
			got, err := os.ReadFile(out)
			if !res.OK() || err != nil || len(got) != 0 && string(got) != string(stdin) || name == "reads" && len(got) < 1<<19 {
				t.Errorf("%+v: it read %d bytes of %d: %v", res, len(got), len(stdin), err)
			}
		})
	}
}
