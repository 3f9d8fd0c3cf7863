package evidence

import (
	"fmt"
	"strings"
	"sync"

	"procward/internal/visible"
)

// page is a part of a file. One reader fills it, and somebody else may take it away
// meanwhile.
type page struct {
	mu    sync.Mutex
	text  []byte
	limit int
	at    string // what is being read
	done  bool   // nothing more is added
}

func newPage(limit int) *page { return &page{limit: limit} }

// linef adds one line. Bytes that are not printable are escaped, so that no name or
// output of a process makes a line of its own or controls a terminal. It returns false
// once the page is full or was taken.
func (p *page) linef(format string, args ...any) bool {
	line := printable(fmt.Sprintf(format, args...))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return false
	}
	if len(p.text)+len(line)+1 > p.limit {
		p.text = fmt.Appendf(p.text, "… cut here: more than %d bytes\n", p.limit)
		p.done = true
		return false
	}
	p.text = append(append(p.text, line...), '\n')
	return true
}

// reading notes what will be read next; it returns false as linef does.
func (p *page) reading(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = what
	return !p.done
}

// finish marks the page as complete.
func (p *page) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
}

// take returns what is on the page. If the page is not finished it also says why, and
// what was being read.
func (p *page) take(why string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.done = true
		if p.at != "" {
			why += ", while reading " + p.at
		}
		p.text = append(p.text, printable("… the rest is missing: "+why)+"\n"...)
	}
	return p.text
}

// block adds text that has lines of its own, indented, at most so many of them.
func (p *page) block(text string, lines int) {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range all {
		if i == lines {
			p.more(len(all)-i, "lines")
			return
		}
		if !p.linef("    %s", line) {
			return
		}
	}
}

func (p *page) more(n int, what string) {
	if n > 0 {
		p.linef("    … and %d more %s", n, what)
	}
}

// printable is visible.Line, except that tabs stay.
func printable(s string) string {
	parts := strings.Split(s, "\t")
	for i, part := range parts {
		parts[i] = visible.Line(part)
	}
	return strings.Join(parts, "\t")
}
