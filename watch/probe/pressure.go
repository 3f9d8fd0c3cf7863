package probe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// Pressure says from when on the host is so busy that a timeout of a check shows nothing:
// the shares of the last 10 s in which tasks waited (pressure stall information,
// proc_pressure(5)).
type Pressure struct {
	// some tasks waited for a CPU; or `never`
	CPU Share `yaml:"cpu"`
	// all tasks waited for a disk; or `never`
	IO Share `yaml:"io"`
	// all tasks waited for memory; or `never`
	Memory Share `yaml:"memory"`
}

// DefaultPressure returns the defaults of pressure.
func DefaultPressure() Pressure {
	return Pressure{CPU: Share{Percent: 90}, IO: Share{Percent: 60}, Memory: Share{Percent: 40}}
}

// Share is a part of the time, "90%", or the word "never", which is the zero value.
type Share struct{ Percent float64 }

// share is how one is written.
var share = regexp.MustCompile(`^((?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,3})?)%$`)

// UnmarshalText reads a share above 0% and up to 100%, or the word "never".
func (s *Share) UnmarshalText(text []byte) error {
	if string(text) == "never" {
		*s = Share{}
		return nil
	}
	m := share.FindSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is not a share like 90%%, nor the word never", text)
	}
	f, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil || f <= 0 || f > 100 {
		return fmt.Errorf("%q is not above 0%% and up to 100%%", text)
	}
	*s = Share{Percent: f}
	return nil
}

// MarshalText writes the share so that it reads back the same.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Wanted says which values are allowed, for error messages.
func (Share) Wanted() string { return "a share, like 90%, or the word never" }

// String is "90%", or "never".
func (s Share) String() string {
	if s.Percent == 0 {
		return "never"
	}
	return strconv.FormatFloat(s.Percent, 'f', -1, 64) + "%"
}

// heavy says in words what the host lacks; it is empty if it is not so busy, or if the
// kernel does not tell. dir is /proc/pressure.
func (p Pressure) heavy(dir string) string {
	for _, r := range []struct {
		file, line string
		limit      Share
	}{{"memory", "full", p.Memory}, {"io", "full", p.IO}, {"cpu", "some", p.CPU}} {
		if r.limit.Percent == 0 {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, r.file))
		if err != nil {
			continue
		}
		if now, ok := average(data, r.line); ok && now >= r.limit.Percent {
			return fmt.Sprintf("%s %s %.0f %%", r.file, r.line, now)
		}
	}
	return ""
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
