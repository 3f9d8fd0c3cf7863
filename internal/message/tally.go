package message

import (
	"fmt"
	"strings"
	"time"
)

// tally counts dropped messages by severity, and remembers between which times they
// were sent.
type tally struct {
	count       [Debug + 1]uint64
	together    uint64 // that a later one of the same kind and name stands for
	first, last time.Time
}

func (t *tally) add(m Message) {
	t.span(m)
	t.count[min(max(m.Severity(), Emerg), Debug)]++
}

// fold counts a message that a later one stands for.
func (t *tally) fold(m Message) {
	t.span(m)
	t.together++
}

func (t *tally) span(m Message) {
	if !t.any() {
		t.first = m.Time
	}
	t.last = m.Time
}

func (t *tally) any() bool { return *t != tally{first: t.first, last: t.last} }

// report is the Dropped message: "journal: 12 (3 err, 9 notice) from … to …".
func (t *tally) report(name string) Message {
	var sum uint64
	var parts []string
	for s, n := range t.count {
		if n > 0 {
			sum += n
			parts = append(parts, fmt.Sprintf("%d %s", n, Severity(s)))
		}
	}
	what := fmt.Sprintf("%d (%s)", sum, strings.Join(parts, ", "))
	if sum == 0 {
		what = "none"
	}
	if t.together > 0 {
		what += fmt.Sprintf("; %d of err and worse are told by a later one of the same kind and name", t.together)
	}
	return Message{Kind: Dropped, Time: time.Now(), Detail: fmt.Sprintf("%s: %s from %s to %s",
		name, what, t.first.Format(stamp), t.last.Format(stamp))}
}
