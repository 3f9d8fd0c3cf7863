package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// A colour is an SGR sequence (ECMA-48); none is plain.
type colour string

const (
	none   colour = ""
	red    colour = "\x1b[31m"
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
	bold   colour = "\x1b[1m"
	faint  colour = "\x1b[2m"
)

const plain = "\x1b[0m"

// paper is where a command writes for a person: coloured on a terminal, plain in a pipe
// or where NO_COLOR is set (no-color.org).
type paper struct {
	io.Writer
	colours bool
}

func paperOn(w io.Writer) paper {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return paper{w, false}
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return paper{w, err == nil}
}

// in gives the text in a colour, where colours are wanted.
func (p paper) in(c colour, text string) string {
	if !p.colours || c == none || text == "" {
		return text
	}
	return string(c) + text + plain
}

// line writes one line in a colour.
func (p paper) line(c colour, format string, args ...any) {
	fmt.Fprintln(p, p.in(c, fmt.Sprintf(format, args...)))
}

// cell is one field of a table.
type cell struct {
	text   string
	colour colour
}

// table writes rows in columns that are as wide as their widest cell, two blanks apart.
// text/tabwriter would count the colours as width.
func (p paper) table(rows [][]cell) {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		pad := 0
		for i, c := range row {
			if c.text != "" {
				b.WriteString(strings.Repeat(" ", pad) + p.in(c.colour, c.text))
				pad = 0
			}
			pad += widths[i] - utf8.RuneCountInString(c.text) + 2
		}
		fmt.Fprintln(p, b.String())
	}
}

// visible makes control bytes, and what is not UTF-8, visible: names and arguments of
// processes are anybody's, and must not steer the operator's terminal.
func visible(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// cut bounds s to n characters.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-3]) + "..."
}

// asJSON writes v for a program.
func asJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
