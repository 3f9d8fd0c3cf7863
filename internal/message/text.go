package message

import (
	"strings"

	"procward/internal/visible"
)

// Sentence is the text of the kind with the fields filled in: "down: killed by SIGKILL".
// It is one line of valid UTF-8 with every control byte made visible. Marks at its end
// say that it was only decided, or produced on purpose.
func (m Message) Sentence() string { return m.fill(m.template()) }

// Line is the message as syslog shows it, without time and program: the ID, then
// key=value for each field that applies and is not in the sentence, then the sentence,
// then the output of a script. It is one line of at most 8000 bytes; if that is too
// short, the beginning of the script's output is left out.
func (m Message) Line() string { return m.line(maxLine) }

func (m Message) line(size int) string {
	template := m.template()
	var b strings.Builder
	b.WriteString(m.Kind.ID)
	for _, f := range m.fields() {
		if f.line && !strings.Contains(template, "{"+f.key+"}") {
			b.WriteString(" " + f.key + "=" + word(f.value, maxValue))
		}
	}
	b.WriteString(" " + m.fill(template))
	if m.Output != "" {
		const key = " output="
		if out := quotedTail(m.Output, size-b.Len()-len(key)); out != "" {
			b.WriteString(key + out)
		}
	}
	return clip(b.String(), size)
}

// template is the text of the kind, without the optional parts that do not apply.
func (m Message) template() string {
	var b strings.Builder
	rest := m.Kind.Text
	for {
		before, after, found := strings.Cut(rest, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		var part string
		part, rest, _ = strings.Cut(after, "]")
		if m.applies(part) {
			b.WriteString(part)
		}
	}
}

// applies reports whether no placeholder in the part is empty.
func (m Message) applies(part string) bool {
	for {
		_, after, found := strings.Cut(part, "{")
		if !found {
			return true
		}
		var name string
		name, part, _ = strings.Cut(after, "}")
		if v, _ := m.placeholder(name); v == "" {
			return false
		}
	}
}

// fill puts the values into a template, and the marks at its end.
func (m Message) fill(template string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(template, "{")
		b.WriteString(before)
		if !found {
			break
		}
		var name string
		name, template, _ = strings.Cut(after, "}")
		v, _ := m.placeholder(name)
		b.WriteString(v)
	}
	if m.Observed {
		b.WriteString(" (observed, not done)")
	}
	if m.Injected {
		b.WriteString(" (injected)")
	}
	return b.String()
}

// placeholder is the value of {name}, fit for a line.
func (m Message) placeholder(name string) (value string, known bool) {
	size := maxValue
	switch name {
	case "cause":
		value = m.Cause
	case "attempt":
		value = number(m.Attempt)
	case "attempts":
		value = m.Attempts
	case "rung":
		value = m.Rung
	case "probe":
		value = m.Probe
	case "detail":
		value, size = m.Detail, maxDetail
	default:
		return "", false
	}
	return clip(visible.Line(strings.TrimSpace(value)), size), true
}
