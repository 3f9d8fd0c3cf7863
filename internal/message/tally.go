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
	first, last time.Time
}

func (t *tally) add(m Message) {
	if !t.any() {
		t.first = m.Time
	}
	t.last = m.Time
	t.count[min(max(m.Kind.Severity, Emerg), Debug)]++
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
	return Message{Kind: Dropped, Time: time.Now(), Detail: fmt.Sprintf("%s: %d (%s) from %s to %s",
		name, sum, strings.Join(parts, ", "), t.first.Format(stamp), t.last.Format(stamp))}
}
