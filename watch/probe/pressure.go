package probe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Pressure says from when on the host is so busy that a check that runs out of its time
// shows nothing: the shares of the last 10 s, in percent, in which tasks waited
// (pressure stall information, proc_pressure(5)). Above 100 is never.
type Pressure struct {
	Dir    string  // empty: /proc/pressure
	CPU    float64 // some tasks waited for a processor; 0: 90
	IO     float64 // all tasks waited for a disk; 0: 60
	Memory float64 // all tasks waited for memory; 0: 40
}

// heavy is what the host lacks, in words; empty where it is not so busy, or where the
// kernel does not tell.
func (p Pressure) heavy() string {
	if p.Dir == "" {
		p.Dir = "/proc/pressure"
	}
	for _, r := range []struct {
		file, line string
		limit      float64
	}{
		{"memory", "full", orElse(p.Memory, 40)},
		{"io", "full", orElse(p.IO, 60)},
		{"cpu", "some", orElse(p.CPU, 90)},
	} {
		data, err := os.ReadFile(filepath.Join(p.Dir, r.file))
		if err != nil {
			continue
		}
		if share, ok := average(data, r.line); ok && share >= r.limit {
			return fmt.Sprintf("%s %s %.0f %%", r.file, r.line, share)
		}
	}
	return ""
}

func orElse(v, other float64) float64 {
	if v == 0 {
		return other
	}
	return v
}

// average is avg10 of the line that begins with a word.
func average(data []byte, word string) (float64, bool) {
	for line := range bytes.Lines(data) {
		f := bytes.Fields(line)
		if len(f) < 2 || string(f[0]) != word {
			continue
		}
		if text, ok := bytes.CutPrefix(f[1], []byte("avg10=")); ok {
			share, err := strconv.ParseFloat(string(text), 64)
			return share, err == nil
		}
	}
	return 0, false
}
