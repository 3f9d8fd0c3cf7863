// Package terminal is how commands write for a person: colours, tables, times and durations,
// and text that cannot control the terminal.
package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"procward/internal/message"
	"procward/internal/visible"
)

// Colour is an SGR sequence (ECMA-48).
type Colour string

// The colours; None is plain.
const (
	None   Colour = ""
	Red    Colour = "\x1b[31m"
	Green  Colour = "\x1b[32m"
	Yellow Colour = "\x1b[33m"
	Bold   Colour = "\x1b[1m"
	Faint  Colour = "\x1b[2m"
)

const plain = "\x1b[0m"

// Writer is where a command writes for a person: coloured on a terminal, plain in a pipe
// or where NO_COLOR is set (no-color.org).
type Writer struct {
	io.Writer
	colours bool
}

// On is the Writer that writes to w.
func On(w io.Writer) Writer {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return Writer{w, false}
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return Writer{w, err == nil}
}

// In gives the text in a colour, where colours are wanted.
func (p Writer) In(c Colour, text string) string {
	if !p.colours || c == None || text == "" {
		return text
	}
	return string(c) + text + plain
}

// Line writes one line in a colour.
func (p Writer) Line(c Colour, format string, args ...any) {
	fmt.Fprintln(p, p.In(c, fmt.Sprintf(format, args...)))
}

// Cell is one field of a table.
type Cell struct {
	Text   string
	Colour Colour
}

// Of is a field in this colour.
func (c Colour) Of(text string) Cell { return Cell{text, c} }

// Table writes rows in columns that are as wide as their widest cell, two blanks apart.
// text/tabwriter would count the colours as width.
func (p Writer) Table(rows [][]Cell) {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.Text))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		pad := 0
		for i, c := range row {
			if c.Text != "" {
				b.WriteString(strings.Repeat(" ", pad) + p.In(c.Colour, c.Text))
				pad = 0
			}
			pad += widths[i] - utf8.RuneCountInString(c.Text) + 2
		}
		fmt.Fprintln(p, b.String())
	}
}

// Visible is visible.Line: names and arguments of processes are anybody's, and must not
// steer the operator's terminal.
func Visible(s string) string { return visible.Line(s) }

// Cut bounds s to n characters.
func Cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-3]) + "..."
}

// JSON writes v for a program.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// OfSeverity is the colour of a message.
func OfSeverity(s message.Severity) Colour {
	switch {
	case s <= message.Err:
		return Red
	case s == message.Warning:
		return Yellow
	}
	return None
}
