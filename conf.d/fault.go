package confd

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// effort limits the search for a fault, in bytes parsed, to a fraction of a second. In a
// line longer than longLine bytes no column is searched.
const (
	effort   = 2 << 20
	longLine = 1000
)

// faultAt is the offset at which a text stops being YAML: the end of the longest run of
// whole lines that can be parsed, and from there of the longest run of characters. It is
// -1 if the search takes too long. (The parser itself gives no column, and often the
// wrong line.)
func faultAt(text []byte) int {
	spent := 0
	good := func(n int) bool {
		spent += n + 1024
		_, err := documents(text[:n])
		return err == nil
	}
	end := lineEnd(text, consumed(text))
	start := bytes.LastIndexByte(text[:max(end-1, 0)], '\n') + 1
	for start > 0 && !good(start) {
		if spent > effort {
			return -1
		}
		end, start = start, bytes.LastIndexByte(text[:start-1], '\n')+1
	}
	first := start + len(text[start:end]) - len(bytes.TrimLeft(text[start:end], " "))
	for at := end; at > first && end-start < longLine && spent <= effort; {
		_, n := utf8.DecodeLastRune(text[:at])
		at -= n
		if good(at) {
			return at
		}
	}
	return first
}

// consumed is how much of the text the parser has read when it gives up.
func consumed(text []byte) int {
	r := &crumbs{rest: text}
	_, _ = documentsOf(r)
	return len(text) - len(r.rest)
}

// crumbs gives one byte at a time, so that nothing is read ahead.
type crumbs struct{ rest []byte }

func (c *crumbs) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	p[0], c.rest = c.rest[0], c.rest[1:]
	return 1, nil
}

// lineEnd is the end of the line with this offset, including its line feed.
func lineEnd(text []byte, offset int) int {
	if i := bytes.IndexByte(text[max(offset-1, 0):], '\n'); i >= 0 {
		return max(offset-1, 0) + i + 1
	}
	return len(text)
}

// lineStart is the start of the n-th line, or of the last.
func lineStart(text []byte, n int) int {
	at := 0
	for ; n > 1; n-- {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 || at+i+1 == len(text) {
			break
		}
		at += i + 1
	}
	return at
}

// position is the line and the column, in characters, of an offset; both from 1.
func position(text []byte, offset int) (line, column int) {
	before := text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}
