package script

import (
	"context"
	"testing"
	"time"
)

func TestEndEndsAScriptThatIsHeldBeyondItsTimeout(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	job := shell(t, "exec sleep 60")
	job.Timeout, job.End = 10*time.Millisecond, end
	job.Spare = func() bool { close(end); return true }
	if res := newRunner(t).Run(context.Background(), job, nil); res.Signal != "SIGTERM" || res.TimedOut || res.Took > 20*time.Second {
		t.Errorf("%+v", res)
	}
}

func TestEndEndsAScriptBeforeItsTimeout(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	job := shell(t, "exec sleep 60")
	job.Timeout, job.End = time.Minute, end
	started := func(int, time.Duration) { close(end) }
	if res := newRunner(t).Run(context.Background(), job, started); res.Signal != "SIGTERM" || res.TimedOut || res.Took > 20*time.Second {
		t.Errorf("%+v", res)
	}
}
