package confd

import (
	"fmt"
	"strings"
	"unicode"

	"procward/procscan"
)

// doubtSpelling warns of texts of a process that look right but are not: they come from a
// word processor or a web page, or somebody took a path for a pattern.
func (v *version) doubtSpelling(n declared) {
	p, is := v.entry(n).(Process)
	if !is {
		return
	}
	warn := func(key, text string) {
		w := n.origin.problem(n.path(), key, text)
		w.Warning = true
		v.problems = append(v.problems, w)
	}
	for key, text := range spelled(p) {
		odd := oddity(text)
		if odd == "" && strings.TrimSpace(text) != text && !strings.HasSuffix(key, "args") { // in an expression it may be intended
			odd = "begins or ends with a blank, which counts: remove it"
		}
		if odd != "" {
			warn(key, odd)
		}
	}
	if odd := oddPath(p.Match.Exe); odd != "" {
		warn("match.exe", odd)
	}
	if anyProgram(p.Match) {
		warn("match.args", "stands alone, so that any program with these words among its arguments matches, as an editor or tail of its log file: give exe, name or unit as well")
	}
}

// spelled is the texts of a process that name something on the host, by their keys.
func spelled(p Process) map[string]string {
	m := p.Match
	out := map[string]string{
		"match.exe": m.Exe, "match.name": m.Name, "match.args": m.Args, "match.not-args": m.NotArgs, "match.user": m.User,
		"match.unit": m.Unit, "match.pidfile": m.Pidfile, "restart.user": p.Restart.User, "restart.unit": p.Restart.Unit,
	}
	for i, word := range p.Restart.Run {
		out[fmt.Sprintf("restart.run[%d]", i)] = word
	}
	return out
}

// oddity says what is odd about a text, or nothing.
func oddity(text string) string {
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
		case strings.ContainsRune("“”„‟‘’‚‛«»", r):
			return fmt.Sprintf("holds the quotation mark %c (%U), which no shell and no YAML takes for one: write ' or \"", r, r)
		case strings.ContainsRune("‐‑‒–—―−", r):
			return fmt.Sprintf("holds the dash %c (%U), which is no minus: write -", r, r)
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zs, r) && r != ' ', unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r), unicode.IsControl(r), r == '\ufffc':
			return fmt.Sprintf("holds a character that is not to be seen (%U): write it anew by hand", r)
		}
	}
	return ""
}

// oddPath says what is odd about the path of a program.
func oddPath(exe string) string {
	switch {
	case strings.ContainsAny(exe, "*?["):
		return "holds a wildcard, and is no pattern but one path, which is taken as it stands: write the path, or match name or args"
	case strings.ContainsAny(strings.TrimSpace(exe), " \t"):
		return "holds a blank, and is the path of the program alone: what follows it goes into args"
	}
	return ""
}

// anyProgram reports whether only arguments tell the process from others.
func anyProgram(m procscan.Match) bool {
	return m.Args != "" && m.Exe == "" && m.Name == "" && m.Unit == ""
}
