package script

import (
	"context"
	"syscall"
	"testing"
	"time"

	"procward/internal/ktime"
)

// BenchmarkStart is the time from the call of Run to the moment at which the script's
// program has been executed (start-us), and to its end (ns/op).
func BenchmarkStart(b *testing.B) {
	r := newRunner(b)
	job := Job{Argv: Argv{"/bin/true"}, Timeout: time.Minute}
	var started time.Duration
	for b.Loop() {
		before := ktime.Boottime()
		res := r.Run(context.Background(), job, func(_ int, at time.Duration) { started += at - before })
		if !res.OK() {
			b.Fatalf("%+v", res)
		}
	}
	b.ReportMetric(float64(started.Microseconds())/float64(b.N), "start-us")
}

// BenchmarkForkExec is the floor: the same program started from this very process, as it
// was before there were launchers.
func BenchmarkForkExec(b *testing.B) {
	var started time.Duration
	for b.Loop() {
		before := ktime.Boottime()
		pid, err := syscall.ForkExec("/bin/true", []string{"/bin/true"}, &syscall.ProcAttr{Dir: "/", Sys: &syscall.SysProcAttr{Setsid: true}})
		started += ktime.Boottime() - before
		if err != nil {
			b.Fatal(err)
		}
		_, _ = syscall.Wait4(pid, nil, 0, nil)
	}
	b.ReportMetric(float64(started.Microseconds())/float64(b.N), "start-us")
}
