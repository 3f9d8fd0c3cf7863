package state

import (
	"path/filepath"
	"testing"
)

// BenchmarkSave is a Save of 20 kB without sync, which comes before each restart.
func BenchmarkSave(b *testing.B) {
	s, _, _ := mustOpen(b, filepath.Join(b.TempDir(), "state"))
	value := large(20_000)
	for b.Loop() {
		if err := s.Save(value, false); err != nil {
			b.Fatal(err)
		}
	}
}
