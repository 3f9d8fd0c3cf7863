package message

import "strings"

// Sentence is the text of the kind with the fields filled in: "down: killed by
// SIGKILL". It is one line of valid UTF-8 with every control byte made visible.
// What was only decided or was asked for says so at its end.
func (m Message) Sentence() string {
	var b strings.Builder
	for rest := m.Kind.Text; rest != ""; {
		var part string
		var optional bool
		part, optional, rest = cutPart(rest)
		if s, whole := m.expand(part); whole || !optional {
			b.WriteString(s)
		}
	}
	if m.Observed {
		b.WriteString(" (observed, not done)")
	}
	if m.Injected {
		b.WriteString(" (injected)")
	}
	return b.String()
}

// cutPart cuts the first part off a text: what stands in brackets is optional.
func cutPart(text string) (part string, optional bool, rest string) {
	if text[0] == '[' {
		part, rest, _ = strings.Cut(text[1:], "]")
		return part, true, rest
	}
	if i := strings.IndexByte(text, '['); i > 0 {
		return text[:i], false, text[i:]
	}
	return text, false, ""
}

// expand fills in the placeholders; whole says that none was empty.
func (m Message) expand(part string) (s string, whole bool) {
	var b strings.Builder
	whole = true
	for {
		before, after, found := strings.Cut(part, "{")
		b.WriteString(before)
		if !found {
			return b.String(), whole
		}
		var name string
		name, part, _ = strings.Cut(after, "}")
		v, _ := m.placeholder(name)
		b.WriteString(v)
		whole = whole && v != ""
	}
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
	return clip(visible(strings.TrimSpace(value)), size), true
}

// Line is the message as syslog shows it, without time and program: the ID, then
// key=value for each field that applies and is not in the sentence, then the sentence,
// then what a script wrote. It is one line of at most 8000 bytes; where that is too
// little, the beginning of the script's output is left out.
func (m Message) Line() string {
	var b strings.Builder
	b.WriteString(m.Kind.ID)
	for _, f := range m.fields() {
		if f.line && !strings.Contains(m.Kind.Text, "{"+f.key+"}") {
			b.WriteString(" " + f.key + "=" + word(clip(f.value, maxValue)))
		}
	}
	b.WriteString(" " + m.Sentence())
	if m.Output != "" {
		const key = " output="
		if out := quotedTail(m.Output, maxLine-b.Len()-len(key)); out != "" {
			b.WriteString(key + out)
		}
	}
	return b.String()
}
