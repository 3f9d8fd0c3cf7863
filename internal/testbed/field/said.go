package field

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
)

// said is everything that the daemons of a story have said so far.
type said struct {
	mu   sync.Mutex
	all  []line
	mark int // expectations are about what was said since
}

// line is a message, or what is none: then it has no fields.
type line struct {
	raw    string
	fields map[string]any
}

func newSaid() *said { return &said{} }

// listen reads a daemon's standard error to its end.
func (s *said) listen(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		l := line{raw: lines.Text()}
		decode := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decode.UseNumber()
		if decode.Decode(&l.fields) != nil {
			l.fields = nil
		}
		s.mu.Lock()
		s.all = append(s.all, l)
		s.mu.Unlock()
	}
}

// setMark makes expectations be about what is said from now on.
func (s *said) setMark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark = len(s.all)
}

// since is what was said from the mark on.
func (s *said) since() []line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[s.mark:]
}

func (s *said) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, l := range s.all {
		out = append(out, l.raw)
	}
	return out
}

// stray is something that the daemon wrote and that is no message, like a panic.
func (s *said) stray() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.all {
		if l.fields == nil {
			return l.raw, true
		}
	}
	return "", false
}

// find is the first message from index from on that is wanted.
func (s *said) find(from int, w want) (line, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.all[from:] {
		if w.is(l) {
			return l, true
		}
	}
	return line{}, false
}

// wanted are the messages since the mark that are wanted.
func (s *said) wanted(w want) []line {
	var out []line
	for _, l := range s.since() {
		if w.is(l) {
			out = append(out, l)
		}
	}
	return out
}

// want describes messages: the event word or the ID, and what its fields hold.
type want struct {
	event  string
	fields []field
}

type field struct {
	name  string
	value *regexp.Regexp
}

// parseWant reads EVENT [FIELD=VALUE | FIELD~REGEXP]...; a field that a message does not
// have is empty.
func parseWant(words []string) (want, error) {
	w := want{event: words[0]}
	for _, word := range words[1:] {
		at := strings.IndexAny(word, "=~")
		if at <= 0 {
			return w, fmt.Errorf("%s: write FIELD=VALUE or FIELD~REGEXP", word)
		}
		value := word[at+1:]
		if word[at] == '=' {
			value = "^" + regexp.QuoteMeta(value) + "$"
		}
		re, err := regexp.Compile(value)
		if err != nil {
			return w, err
		}
		w.fields = append(w.fields, field{word[:at], re})
	}
	return w, nil
}

func (w want) is(l line) bool {
	if l.fields == nil || w.event != "*" && l.fields["event"] != w.event && l.fields["id"] != w.event {
		return false
	}
	for _, f := range w.fields {
		value := ""
		if v, has := l.fields[f.name]; has {
			value = fmt.Sprint(v)
		}
		if !f.value.MatchString(value) {
			return false
		}
	}
	return true
}
