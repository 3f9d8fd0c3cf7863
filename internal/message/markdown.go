package message

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"
)

//go:embed messages.md.tmpl
var page string

// key is one key of the JSON form, and what it holds.
type key struct{ Name, What string }

// keys are the keys of the JSON form, in their order. Journald has those after message
// as fields of their own.
var keys = []key{
	{"time", "RFC 3339 with microseconds, wall clock of the event"},
	{"id", "the ID"},
	{"severity", "`emerg`, `alert`, `crit`, `err`, `warning`, `notice`, `info` or `debug`"},
	{"event", "the event word"},
	{"message", "the sentence, without ID and fields"},
	{"process", "name of the process in the configuration"},
	{"group", "name of the group"},
	{"monitor", "name of the monitor"},
	{"pid", "PID of the watched process (number)"},
	{"cause", "how it ended, in words: `killed by SIGKILL`, `exited with code 3`, `cause unknown`"},
	{"exit_code", "exit code (number; 0 is shown)"},
	{"exit_signal", "signal that ended it: `SIGKILL`"},
	{"core", "`true`: a core was dumped"},
	{"attempt", "which attempt, from 1 (number)"},
	{"attempts", "attempts in the window: always a string, `\"3\"` or `\"unlimited\"`"},
	{"rung", "rung of the ladder: `restart-group`"},
	{"probe", "the probe, sign or limit: `http`"},
	{"output", "what a script wrote; where it is long, its end (32 KiB)"},
	{"took_us", "microseconds (number). On `down`: from the kernel's wake-up to the message; on `restart`: from the wake-up to the start of the script"},
	{"injected", "`true`: the failure was asked for, in a rehearsal (none in this version)"},
	{"observed", "`true`: decided in observe mode, and not done"},
}

// Markdown writes docs/messages.md: the catalogue by section, the forms in which
// messages are written, and how other tools find them.
func Markdown(w io.Writer) error {
	t, err := template.New("messages.md").Funcs(template.FuncMap{
		"cell": cell, "upper": strings.ToUpper, "lower": strings.ToLower, "anchor": anchor, "wrap": wrap, "fold": fold,
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("read the template of messages.md: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Sections": sections(), "Keys": keys, "Fields": keys[5:],
		"Line": example().Line(), "JSON": object(string(example().JSON())),
		"Failed": wrap("procward[812]: " + failed().Line()), "Kinds": Catalogue,
		"MaxLine": maxLine, "MaxEntry": maxEntry, "QueueSize": queueSize,
	})
	if err != nil {
		return fmt.Errorf("write messages.md: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// part is a section with its kinds.
type part struct {
	Section
	Kinds []*Kind
}

func sections() []part {
	var parts []part
	for _, s := range Sections {
		p := part{Section: s}
		for _, k := range Catalogue {
			if strings.HasPrefix(k.ID, s.Prefix) {
				p.Kinds = append(p.Kinds, k)
			}
		}
		if len(p.Kinds) > 0 {
			parts = append(parts, p)
		}
	}
	return parts
}

// cell escapes what would end a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// anchor is the last part of a heading as a link names it.
func anchor(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }

// width is the longest line of the page.
const width = 116

// fold breaks text into lines; the first of them begins at a column.
func fold(text string, column int) string {
	var b strings.Builder
	for i, word := range strings.Fields(text) {
		switch n := utf8.RuneCountInString(word); {
		case i > 0 && column+1+n > width:
			b.WriteString("\n")
			column = n
		case i > 0:
			b.WriteString(" ")
			column += 1 + n
		default:
			column += n
		}
		b.WriteString(word)
	}
	return b.String()
}

// wrap breaks a line of the log, and sets off what continues it.
func wrap(line string) string { return strings.ReplaceAll(fold(line, 2), "\n", "\n  ") }

// object breaks a line of JSON before its keys.
func object(line string) string {
	const blank = "\x00" // in a value: not to be broken at
	whole := strings.ReplaceAll(strings.TrimSpace(line), " ", blank)
	return strings.ReplaceAll(fold(strings.ReplaceAll(whole, `,"`, `, "`), 0), blank, " ")
}

func example() Message {
	return Message{
		Kind: Down, Time: time.Date(2026, 11, 22, 3, 24, 1, 417233000, time.UTC), Process: "httpd", Group: "web", PID: 4711,
		Cause: "killed by SIGKILL", ExitSignal: "SIGKILL", Took: 187 * time.Microsecond,
	}
}

func failed() Message {
	return Message{
		Kind: RestartFailed, Process: "httpd", Group: "web", Attempt: 2, Attempts: "3", Cause: "killed by SIGKILL",
		Detail: "not found within 30s", Output: "starting httpd\nbind: address already in use\n",
	}
}
