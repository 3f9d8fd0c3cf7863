package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// The sections of the page, each written by a run of its own.
const (
	sectionBench = "make bench"
	sectionPeers = "make bench-peers"
)

//go:embed page.md
var emptyPage string

// section is one part of the page: what one run measured.
type section struct {
	name    string
	title   string
	machine machine
	tables  []table
}

// write puts the section into the page and leaves the other one as it is.
func (s section) write(path string) error {
	page, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		page, err = []byte(emptyPage), nil
	}
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	text, err := replace(string(page), s.name, s.markdown())
	if err != nil {
		return fmt.Errorf("write into %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

func (s section) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n", s.title, s.machine)
	for _, t := range s.tables {
		b.WriteString(t.markdown())
	}
	return b.String()
}

func begin(name string) string { return "<!-- " + name + ": begin -->\n" }
func end(name string) string   { return "<!-- " + name + ": end -->\n" }

// replace puts text between the marks of a section.
func replace(page, name, text string) (string, error) {
	before, rest, found := strings.Cut(page, begin(name))
	_, after, ended := strings.Cut(rest, end(name))
	if !found || !ended {
		return "", fmt.Errorf("there are no marks of the section %q; remove the page to have a new one", name)
	}
	return before + begin(name) + text + end(name) + after, nil
}
