package confd

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxSize is the largest drop-in in bytes.
const maxSize = 1 << 20

// parse reads the one YAML document of a drop-in. It returns nil if there is none, which
// is fine, and a problem with its place if the text is not YAML.
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

// badText finds what a drop-in must not contain: bytes that are not UTF-8, NUL, and line
// breaks of YAML that are none in editors, so that no line number would be right.
func badText(file string, text []byte) *Problem {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		what := ""
		switch {
		case r == utf8.RuneError && n == 1:
			what = fmt.Sprintf("the byte 0x%02x is not UTF-8: save the file in UTF-8", text[i])
		case r == 0:
			what = "a NUL byte: the file is not text"
		case r == '\r' && !bytes.HasPrefix(text[i:], []byte("\r\n")):
			what = "a carriage return without a line feed: save the file with Unix line ends"
		case r == '\u0085' || r == '\u2028' || r == '\u2029':
			what = fmt.Sprintf("the invisible line break %U: remove it", r)
		}
		if what != "" {
			line, column := position(text, i)
			return &Problem{File: file, Line: line, Column: column, Text: what}
		}
		i += n
	}
	return nil
}

// documents parses all documents of the text.
func documents(text []byte) ([]*yaml.Node, error) { return documentsOf(bytes.NewReader(text)) }

func documentsOf(r io.Reader) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	for d := yaml.NewDecoder(r); ; {
		n := new(yaml.Node)
		if err := d.Decode(n); err == io.EOF {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		docs = append(docs, n)
	}
}

// yamlError reads an error of yaml.v3. Its line may be that of the context, or too small
// by one, so it is used only if nothing better is known.
var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

func syntaxError(file string, text []byte, err error) Problem {
	parts := yamlError.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if parts == nil {
		parts = []string{"", "", err.Error()}
	}
	at := faultAt(text)
	if at < 0 {
		told, _ := strconv.Atoi(parts[1])
		at = lineStart(text, told)
	}
	line, column := position(text, at)
	return Problem{File: file, Line: line, Column: column, Text: "is not YAML: " + parts[2] + remedy(parts[2], text[at:])}
}

// remedies say what to do about the errors of the YAML parser.
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
