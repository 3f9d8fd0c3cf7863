package confd

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxSize is the largest drop-in in bytes.
const maxSize = 1 << 20

// parse reads the one YAML document of a drop-in. It gives nil where there is none,
// which is fine, and a problem with its place where the text is not YAML.
func parse(file string, text []byte) (*yaml.Node, *Problem) {
	if len(text) > maxSize {
		return nil, &Problem{File: file, Text: "is larger than 1 MiB: split it into several drop-ins"}
	}
	if p := badText(file, text); p != nil {
		return nil, p
	}
	docs, err := documents(text)
	if err != nil {
		p := syntaxError(file, text, err)
		return nil, &p
	}
	if len(docs) > 1 {
		d := docs[1]
		return nil, &Problem{File: file, Line: d.Line, Column: d.Column,
			Text: "a second document begins here: put it into a file of its own, or remove the ---"}
	}
	if len(docs) == 0 || len(docs[0].Content) == 0 || isNull(docs[0].Content[0]) {
		return nil, nil
	}
	return docs[0].Content[0], nil
}

// badText finds what no YAML file may hold: bytes that are no UTF-8, and NUL.
func badText(file string, text []byte) *Problem {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			line, column := position(text, i)
			return &Problem{File: file, Line: line, Column: column,
				Text: fmt.Sprintf("the byte 0x%02x is not UTF-8: save the file in UTF-8", text[i])}
		}
		if r == 0 {
			line, column := position(text, i)
			return &Problem{File: file, Line: line, Column: column, Text: "a NUL byte: the file is not text"}
		}
		i += n
	}
	return nil
}

// documents parses all documents of the text.
func documents(text []byte) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		n := new(yaml.Node)
		if err := d.Decode(n); err == io.EOF {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		docs = append(docs, n)
	}
}

// yamlPrefix is what yaml.v3 puts before its errors; the line may be that of the
// context, or one too small, so it is not used.
var yamlPrefix = regexp.MustCompile(`^yaml: (line \d+: )?`)

func syntaxError(file string, text []byte, err error) Problem {
	what := yamlPrefix.ReplaceAllString(err.Error(), "")
	at := faultAt(text)
	line, column := position(text, at)
	return Problem{File: file, Line: line, Column: column, Text: "is not YAML: " + what + remedy(what, text[at:])}
}

// remedies tell what to do about the errors of the YAML parser.
var remedies = []struct{ what, remedy string }{
	{"mapping values are not allowed", "check the indentation and, here and in the line above, the space after each colon; a value that holds a colon and a space goes into quotes"},
	{"did not find expected key", "check the indentation, and the quotes around this"},
	{"did not find expected '-' indicator", "check the indentation: every item of a list begins with a -"},
	{"could not find expected ':'", "a key ends with a colon and a space"},
	{"expected node content", "a value is missing, or a bracket or brace is not closed"},
	{"tab character", "indent with spaces, not with tabs"},
	{"not allowed in this context", "check the indentation"},
	{"exceeded max depth", "write it with less nesting"},
	{"did not find expected ',' or", "a bracket or brace that opens here is not closed"},
	{"unexpected end of stream", "a quote that opens here is not closed"},
	{"unknown escape character", "in double quotes a backslash is written twice; in single quotes it stands for itself"},
	{"unknown anchor", "write the value out, or define the anchor above"},
	{"alphabetic or numeric character", "a value that begins with * or & goes into quotes"},
	{"cannot start any token", "a value that begins with @, ` or % goes into quotes"},
	{"control characters", "remove the control character"},
}

func remedy(what string, from []byte) string {
	if len(from) > 0 && from[0] == '\t' {
		return ": indent with spaces, not with tabs"
	}
	for _, r := range remedies {
		if strings.Contains(what, r.what) {
			return ": " + r.remedy
		}
	}
	return ": check this line and the one above"
}

// effort bounds the search for a fault, in bytes parsed.
const effort = 16 << 20

// faultAt is the offset at which the text ceases to be YAML: the end of the longest
// run of whole lines from its start that parses, and from there of the longest run
// of characters. (The parser itself tells no column, and often the wrong line.)
func faultAt(text []byte) int {
	spent := 0
	good := func(n int) bool {
		spent += n
		_, err := documents(text[:n])
		return err == nil
	}
	end := len(text)
	start := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') + 1
	for start > 0 && !good(start) {
		if spent > effort {
			return 0
		}
		end, start = start, bytes.LastIndexByte(text[:start-1], '\n')+1
	}
	first := start + indent(text[start:end])
	for at := end; at > first && spent <= effort; {
		_, n := utf8.DecodeLastRune(text[:at])
		at -= n
		if good(at) {
			return at
		}
	}
	return first
}

func indent(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " ")) }

// position is the line and the column, in characters, of an offset; both from 1.
func position(text []byte, offset int) (line, column int) {
	before := text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}
