package script

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"procward/internal/visible"
)

// maxText limits the text of an output, in bytes. Its end is kept, where scripts say why
// they failed.
const maxText = 4096

// shown makes one line of valid, printable UTF-8 of what a script wrote: lines are
// joined by " | ", tabs are blanks, and whatever cannot be printed (control bytes, escape
// sequences, bytes that are not UTF-8, characters that change the direction of writing)
// is shown as \x1b or \u202e. cut is how many bytes there were before it; the result says
// how many are not shown. It has at most maxText bytes besides that note.
func shown(b []byte, cut int64) string {
	if cut > 0 { // do not begin within a character
		for i := 0; i < utf8.UTFMax-1 && len(b) > 0 && !utf8.RuneStart(b[0]); i++ {
			b, cut = b[1:], cut+1
		}
	}
	b = bytes.TrimRight(b, "\r\n\t ")
	parts := make([]string, 0, len(b))
	for len(b) > 0 {
		n, s := next(b)
		b = b[n:]
		parts = append(parts, s)
	}
	return bounded(parts, cut)
}

// next returns how the first character, or line end, of b is shown, and its length.
func next(b []byte) (int, string) {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2, " | "
	case b[0] == '\n':
		return 1, " | "
	case b[0] == '\t':
		return 1, " "
	}
	shown, n := visible.Rune(string(b[:min(len(b), utf8.UTFMax)]))
	return n, shown
}

// bounded joins the last parts that fit into maxText bytes.
func bounded(parts []string, cut int64) string {
	size, from := 0, len(parts)
	for from > 0 && size+len(parts[from-1]) <= maxText {
		from--
		size += len(parts[from])
	}
	cut += int64(from) // each part stands for at least one byte
	text := strings.Join(parts[from:], "")
	if cut > 0 {
		return fmt.Sprintf("[%d bytes not shown] %s", cut, text)
	}
	return text
}
