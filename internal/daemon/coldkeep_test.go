package daemon

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkColdBarrier is one barrier after a pause, as a single death meets it; in a
// tight loop (BenchmarkBarrier of internal/state) everything is warm, and it takes a tenth.
func BenchmarkColdBarrier(b *testing.B) {
	for _, n := range []int{10, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			k, _, err := openState(filepath.Join(b.TempDir(), "state"), &voice{log: &heard{}})
			if err != nil {
				b.Fatal(err)
			}
			defer k.run()()
			all := map[string]any{}
			for i := range n {
				all[fmt.Sprintf("process %d", i)] = map[string]any{"state": "up", "comm": "a process", "n": i}
			}
			k.Keep(all, true)
			var took []time.Duration
			for i := range 200 {
				time.Sleep(20 * time.Millisecond) // it is the cold that is measured
				begin := time.Now()
				k.Keep(map[string]any{"process 1": i}, true)
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[100].Microseconds()), "median-us")
			b.ReportMetric(float64(took[180].Microseconds()), "p90-us")
		})
	}
}
