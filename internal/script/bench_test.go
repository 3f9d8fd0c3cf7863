package script

import (
	"context"
	"testing"
	"time"
)

// BenchmarkStart is the time from the call of Run to the moment at which the script's
// program has been executed (start-us), and to its end (ns/op).
func BenchmarkStart(b *testing.B) {
	r := newRunner(b)
	job := Job{Argv: Argv{"/bin/true"}, Timeout: time.Minute}
	var started time.Duration
	for b.Loop() {
		before := boottime()
		res := r.Run(context.Background(), job, func(_ int, at time.Duration) { started += at - before })
		if !res.OK() {
			b.Fatalf("%+v", res)
		}
	}
	b.ReportMetric(float64(started.Microseconds())/float64(b.N), "start-us")
}
