package procscan

import (
	"bytes"
	"encoding/binary"
	"regexp/syntax"
	"strings"
)

// lexicon finds those of many words that occur in a text. It finds a word by four of its
// bytes that few other words have.
type lexicon struct {
	words map[uint32][]word
}

type word struct {
	text string
	of   int // the query
}

const gram = 4

// newLexicon makes a lexicon of the words of some queries.
func newLexicon(queries []int, wordOf func(query int) string) *lexicon {
	common := map[uint32]int{}
	for _, i := range queries {
		for text := wordOf(i); len(text) >= gram; text = text[1:] {
			common[gramAt(text)]++
		}
	}
	l := &lexicon{words: map[uint32][]word{}}
	for _, i := range queries {
		text := wordOf(i)
		rare := gramAt(text)
		for rest := text; len(rest) >= gram; rest = rest[1:] {
			if g := gramAt(rest); common[g] < common[rare] {
				rare = g
			}
		}
		l.words[rare] = append(l.words[rare], word{text, i})
	}
	return l
}

func gramAt[T string | []byte](text T) uint32 {
	return binary.LittleEndian.Uint32([]byte(text[:gram]))
}

// find returns the queries whose word occurs in the text, some more than once.
func (l *lexicon) find(text []byte, give func(query int)) {
	for at := 0; at+gram <= len(text); at++ {
		for _, w := range l.words[binary.LittleEndian.Uint32(text[at:])] {
			if bytes.Contains(text, []byte(w.text)) {
				give(w.of)
			}
		}
	}
}

// wordIn is the longest text that occurs in everything that a regular expression matches,
// with line breaks as blanks; nothing if there is none of four bytes.
func wordIn(expr string) string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return ""
	}
	text := plainText(longest(re))
	if len(text) < gram {
		return ""
	}
	return text
}

func longest(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		// The rune for bytes that are not text can match other bytes.
		if text := string(re.Rune); re.Flags&syntax.FoldCase == 0 && !strings.ContainsRune(text, '\uFFFD') {
			return text
		}
	case syntax.OpCapture, syntax.OpPlus:
		return longest(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return longest(re.Sub[0])
		}
	case syntax.OpConcat:
		most := ""
		for _, sub := range re.Sub {
			if text := longest(sub); len(text) > len(most) {
				most = text
			}
		}
		return most
	}
	return ""
}

// lineBreaks are read as blanks in arguments.
const lineBreaks = "\n\r\v\f"

func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(lineBreaks, r) {
			return ' '
		}
		return r
	}, text)
}
