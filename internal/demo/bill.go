package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"io"
	"unicode/utf8"

	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/terminal"
)

// entry is one thing that the demo shows.
type entry struct {
	Time     string           `json:"time"`                  // RFC 3339 with microseconds, as messages have it
	Demo     string           `json:"demo"`                  // start, step, act, note, measured, result, end
	Step     int              `json:"step,omitempty"`        // from 1
	Name     string           `json:"name,omitempty"`        // of the process or group it is about, or demo
	OK       *bool            `json:"ok,omitempty"`          // of result and end
	Text     string           `json:"text,omitempty"`        //
	Measured map[string]int64 `json:"measured_us,omitempty"` // microseconds since the signal was sent

	at       time.Time
	since    time.Duration    // the demo began
	message  *message.Message // of procward, and nothing else above
	measures []measure
}

// measure is one measured time.
type measure struct {
	key  string
	took time.Duration
	text string
}

// measured shows times that were measured.
func (p *play) measured(ms ...measure) {
	e := entry{Demo: "measured", measures: ms, Measured: map[string]int64{}}
	for _, m := range ms {
		e.Measured[m.key] = m.took.Microseconds()
	}
	p.show(e)
}

// bill is where the demo is shown. pause is how long to wait between steps.
type bill interface {
	show(entry)
	pause() time.Duration
}

// jsonBill writes JSON lines: messages as procward writes them anywhere, and entries.
type jsonBill struct{ io.Writer }

func (b jsonBill) pause() time.Duration { return 0 }

func (b jsonBill) show(e entry) {
	if e.message != nil {
		_, _ = b.Write(e.message.JSON()) // who cannot write ends by SIGPIPE, or has nobody to tell
		return
	}
	e.Time = e.at.Format("2006-01-02T15:04:05.000000Z07:00")
	line, err := json.Marshal(e)
	if err == nil {
		_, _ = b.Write(append(line, '\n'))
	}
}

// textBill writes for a person: a line for each thing that happens, with the seconds
// since the demo began and the name of whom it is about. Long ones are wrapped; only in
// a pipe messages stay the lines that a log would show.
type textBill struct {
	terminal.Writer
	width    int
	terminal bool
}

func newTextBill(w io.Writer) textBill {
	b := textBill{Writer: terminal.On(w), width: 80}
	if f, ok := w.(*os.File); ok {
		size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
		b.terminal = err == nil
		if err == nil && size.Col > 2*indent {
			b.width = int(size.Col)
		}
	}
	return b
}

// pause gives a person time to read.
func (b textBill) pause() time.Duration {
	if b.terminal {
		return 700 * time.Millisecond
	}
	return 0
}

// indent is the width of the columns before the text.
const indent = 20

func (b textBill) show(e entry) {
	switch e.Demo {
	case "":
		line := e.message.Line()
		if b.terminal {
			line = b.wrapped(line)
		}
		b.row(e, about(e.message), mood(e.message), line)
	case "start":
		b.Line(terminal.Bold, "procward demo")
		fmt.Fprintln(b, strings.Repeat(" ", indent)+b.wrapped(e.Text))
	case "step":
		fmt.Fprintln(b)
		b.Line(terminal.Bold, "%d. %s", e.Step, e.Text)
	case "measured":
		for _, m := range e.measures {
			fmt.Fprintf(b, "%s  %s\n", b.In(terminal.Bold, fmt.Sprintf("%18s", scalar.Duration(m.took).Rounded())), m.text)
		}
	case "result", "end":
		word, c := "ok", terminal.Green
		if !*e.OK {
			word, c = "FAILED", terminal.Red
		}
		if e.Demo == "end" {
			fmt.Fprintln(b)
		}
		fmt.Fprintf(b, "%s  %s\n", b.In(c, fmt.Sprintf("%18s", word)), b.wrapped(e.Text))
	case "act":
		b.row(e, e.Name, terminal.Bold, b.wrapped(e.Text))
	default:
		b.row(e, e.Name, terminal.None, b.wrapped(e.Text))
	}
}

func (b textBill) row(e entry, name string, c terminal.Colour, text string) {
	fmt.Fprintf(b, "%s  %-8s  %s\n", b.In(terminal.Faint, fmt.Sprintf("%8.3f", e.since.Seconds())), name, b.In(c, text))
}

// about is the process or group that a message is about.
func about(m *message.Message) string {
	switch {
	case m.Process != "":
		return m.Process
	case m.Group != "":
		return m.Group
	}
	return "procward"
}

// mood is the colour of a message: green where all is well again.
func mood(m *message.Message) terminal.Colour {
	if m.Kind == message.Recovered || m.Kind == message.Replaced {
		return terminal.Green
	}
	return terminal.OfSeverity(m.Severity())
}

// wrapped is a text in lines that fit beside the indent.
func (b textBill) wrapped(text string) string {
	var line strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if used > 0 && indent+used+1+n > b.width {
			line.WriteString("\n" + strings.Repeat(" ", indent))
			used = 0
		} else if used > 0 {
			line.WriteByte(' ')
			used++
		}
		line.WriteString(word)
		used += n
	}
	return line.String()
}
