package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// sample is a number of measurements of one thing.
type sample []time.Duration

// at is the value below which a share of the sample lies, 0 to 1; 0 for an empty one.
func (s sample) at(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	pos := share * float64(len(sorted)-1)
	low, high := sorted[int(math.Floor(pos))], sorted[int(math.Ceil(pos))]
	return low + time.Duration((pos-math.Floor(pos))*float64(high-low))
}

func (s sample) median() time.Duration { return s.at(0.5) }

// span is the sample in words: its median, where a tenth lies below and above, and its size.
func (s sample) span() string {
	return fmt.Sprintf("%s (p10 %s, p90 %s, n %d)", show(s.median()), show(s.at(0.1)), show(s.at(0.9)), len(s))
}

// ratio is a to b; 0 where b is.
func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// show rounds a duration to three digits.
func show(d time.Duration) string {
	v, unit := float64(d)/1e3, "µs"
	switch {
	case d >= time.Second:
		v, unit = d.Seconds(), "s"
	case d >= time.Millisecond:
		v, unit = float64(d)/1e6, "ms"
	}
	digits := 0
	for limit := 100.0; v < limit && digits < 2; limit /= 10 {
		digits++
	}
	return fmt.Sprintf("%.*f %s", digits, v, unit)
}

// number writes 10000 as 10,000.
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// list joins words as a sentence does.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
