package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// columns is the longest line of a document. A row of a table cannot be wrapped, and
// benchmarks.md is written by the benchmark.
const columns = 120

// documents are the texts of the house by path from the top, code blocks included.
func documents(t *testing.T) map[string]string {
	t.Helper()
	top := filepath.Join("..", "..")
	out := map[string]string{}
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, top+"/")] = string(text)
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatal("no documents", err)
	}
	return out
}

var link = regexp.MustCompile(`\]\(([^)\s]*)\)`)

// TestDocumentLinks holds that a link leads to a file that is there, and to a heading
// that it has.
func TestDocumentLinks(t *testing.T) {
	all := documents(t)
	for path, text := range all {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(filepath.Join("..", "..", target)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", path, m[1])
			} else if anchor != "" && !headings(all[target])[anchor] {
				t.Errorf("%s: %s has no heading %q", path, target, anchor)
			}
		}
	}
}

// headings are the anchors of a document as GitHub makes them.
func headings(text string) map[string]bool {
	out := map[string]bool{}
	for _, line := range strings.Split(text, "\n") {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			kept := strings.Map(func(r rune) rune {
				if strings.ContainsRune("`.,:;'\"()?…&/*", r) {
					return -1
				}
				return r
			}, strings.ToLower(title))
			out[strings.ReplaceAll(kept, " ", "-")] = true
		}
	}
	return out
}

// TestDocumentWidth holds that a document can be read in a terminal.
func TestDocumentWidth(t *testing.T) {
	for path, text := range documents(t) {
		if slices.Contains([]string{"docs/benchmarks.md", "CHANGELOG.md"}, path) {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > columns && !strings.HasPrefix(strings.TrimSpace(line), "|") {
				t.Errorf("%s:%d: %d columns, at most %d", path, i+1, n, columns)
			}
		}
	}
}

var path = regexp.MustCompile("`((?:cmd|conf\\.d|docs|escalate|examples|internal|packaging|procscan|restart|watch)(?:/[a-z0-9_.-]+)*)`")

// TestDocumentPaths holds that the files and folders that the documents for contributors name
// are there.
func TestDocumentPaths(t *testing.T) {
	all := documents(t)
	for _, name := range []string{"CONTRIBUTING.md", "docs/architecture.md", "docs/states.md"} {
		for _, m := range path.FindAllStringSubmatch(all[name], -1) {
			if _, err := os.Stat(filepath.Join("..", "..", m[1])); err != nil {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
}
