package message

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"procward/internal/visible"
)

// word is s as the value of key=value in at most size bytes: unchanged if a reader can
// see where it ends, else in quotes with Go's escapes.
func word(s string, size int) string {
	if s != "" && visible.Plain(s) && !strings.ContainsAny(s, " \"=\\'`") {
		return clip(s, size)
	}
	return quotedHead(s, size)
}

// clip shortens s to at most size bytes, the mark "..." included, at a whole rune.
func clip(s string, size int) string {
	if len(s) <= size {
		return s
	}
	cut := size - len(mark)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}

// mark stands where text was left out.
const mark = "..."

// quotedHead is s in quotes with Go's escapes in at most size bytes. Where it does not
// fit the end is left out. Empty if size is too small.
func quotedHead(s string, size int) string {
	room := size - len(`"`+mark+`"`)
	if room <= 0 {
		return ""
	}
	for cut, used := 0, 0; cut < len(s); {
		n := runeLen(s[cut:])
		used += len(escaped(s[cut : cut+n]))
		if used > room {
			return strings.TrimSuffix(strconv.Quote(s[:cut]), `"`) + mark + `"`
		}
		cut += n
	}
	return strconv.Quote(s)
}

// quotedTail is like quotedHead, but what is left out is the beginning, as errors come
// last.
func quotedTail(s string, size int) string {
	room := size - len(`"`+mark+`"`)
	if room <= 0 {
		return ""
	}
	for cut, used := len(s), 0; cut > 0; {
		_, n := utf8.DecodeLastRuneInString(s[:cut])
		used += len(escaped(s[cut-n : cut]))
		if used > room {
			return `"` + mark + strings.TrimPrefix(strconv.Quote(s[cut:]), `"`)
		}
		cut -= n
	}
	return strconv.Quote(s)
}

// tail is the end of s in at most size bytes, the mark included, as valid UTF-8.
func tail(s string, size int) string {
	if len(s) > size {
		cut := len(s) - size + len(mark)
		for cut < len(s) && !utf8.RuneStart(s[cut]) {
			cut++
		}
		s = mark + s[cut:]
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}

// escaped is one rune as Go writes it within quotes.
func escaped(r string) string {
	q := strconv.Quote(r)
	return q[1 : len(q)-1]
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}
