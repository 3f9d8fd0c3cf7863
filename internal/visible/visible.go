// Package visible shows text of others (names and arguments of processes, the output of
// scripts) so that it neither makes a line of its own nor steers a terminal.
package visible

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Line is s with every control byte, line end, bidirectional mark and byte that is not UTF-8
// written as Go writes it in a string ("\n", "\x1b", "\u202e"). The rest stays as it is.
func Line(s string) string {
	if Plain(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		shown, n := Rune(s)
		b.WriteString(shown)
		s = s[n:]
	}
	return b.String()
}

// Rune is how Line shows the first character of s, and how many bytes of s that stands for.
func Rune(s string) (shown string, n int) {
	_, n = utf8.DecodeRuneInString(s)
	if Plain(s[:n]) {
		return s[:n], n
	}
	q := strconv.Quote(s[:n])
	return q[1 : len(q)-1], n
}

// Plain reports whether s is printable ASCII throughout, the usual case.
func Plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
