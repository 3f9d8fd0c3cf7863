package power

import (
	"strings"
	"unicode/utf8"
)

// longest is how much of a line always fits into one record of the kernel's log.
const longest = 800

// kmsgLine makes the step that writes the reason into the kernel's log, with priority
// crit; nil if there is no log.
func (m *Means) kmsgLine(rung, reason string) func() error {
	if m.kmsg < 0 {
		return nil
	}
	line, fd := kmsgText("PW0501 escalation: "+rung, reason), m.kmsg
	return func() error { return write(fd, line) }
}

// kmsgText is one record: "<2>procward: PW0501 escalation: reboot: REASON".
func kmsgText(what, reason string) []byte {
	text := "<2>procward: " + what
	if reason != "" {
		text += ": " + strings.Map(visible, strings.ToValidUTF8(reason, "?"))
	}
	if len(text) > longest {
		cut := longest
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	return []byte(text + "\n")
}

func visible(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}
