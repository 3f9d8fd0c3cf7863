package field

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Story is one history that is played: a file *.story of a case, with one value for each
// of its `each` lines.
type Story struct {
	Case  string            // name of the case's directory
	Name  string            // of the file without .story, and the values of `each`
	On    Place             // where it is played
	Needs []string          // programs and files without which it is skipped
	Vars  map[string]string // values of `each`
	Steps []Step

	Pending string // why it cannot hold yet; it is skipped
}

// Place is the kind of host on which a story is played.
type Place string

// The places. In all of them files are the story's own.
const (
	OnHost    Place = "host"    // processes and network are those of the host
	OnAlone   Place = "alone"   // own processes and network: fixed paths and ports
	OnSystemd Place = "systemd" // a container with systemd
)

// Step is one line of a story.
type Step struct {
	Line int    // from 1
	Verb string // one of verbs
	Rest string // what stands behind the verb, with its variables as they were written
}

func (s Step) String() string { return strings.TrimSpace(s.Verb + " " + s.Rest) }

// each is a line `each NAME VALUE...`.
type each struct {
	name   string
	values []string
}

// Stories reads all stories below a directory of cases, in the order of their names.
func Stories(cases fs.FS) ([]Story, error) {
	files, err := fs.Glob(cases, "*/*.story")
	if err != nil {
		return nil, err
	}
	var all []Story
	for _, file := range files {
		text, err := fs.ReadFile(cases, file)
		if err != nil {
			return nil, err
		}
		told, err := Parse(file, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, told...)
	}
	return all, nil
}

// Parse reads the text of one story, whose file is CASE/NAME.story. The error names file
// and line.
func Parse(file, text string) ([]Story, error) {
	s := Story{Case: path.Dir(file), Name: strings.TrimSuffix(filepath.Base(file), ".story"), On: OnHost}
	var eaches []each
	for _, line := range lines(text) {
		var err error
		if e, is := header(&s, line, &err); is {
			if e.name != "" {
				eaches = append(eaches, e)
			}
		} else {
			err = checkStep(line)
			s.Steps = append(s.Steps, line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, line.Line, err)
		}
	}
	if len(s.Steps) == 0 {
		return nil, fmt.Errorf("%s: it tells nothing", file)
	}
	return vary([]Story{s}, eaches), nil
}

// lines takes a text apart: comments and blank lines are left out, and a line that begins
// with a blank goes on with the one before.
func lines(text string) []Step {
	var out []Step
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case trimmed != strings.TrimRight(line, " \t") && len(out) > 0:
			out[len(out)-1].Rest += "\n" + trimmed
		default:
			verb, rest, _ := strings.Cut(trimmed, " ")
			out = append(out, Step{Line: i + 1, Verb: verb, Rest: strings.TrimSpace(rest)})
		}
	}
	return out
}

// header takes what is said of the whole story.
func header(s *Story, line Step, err *error) (e each, is bool) {
	words := strings.Fields(line.Rest)
	switch line.Verb {
	case "on":
		s.On = Place(line.Rest)
		if !slices.Contains([]Place{OnHost, OnAlone, OnSystemd}, s.On) {
			*err = fmt.Errorf("on %s: it is host, alone or systemd", line.Rest)
		}
	case "needs":
		s.Needs = append(s.Needs, words...)
	case "pending":
		s.Pending = line.Rest
		if line.Rest == "" {
			*err = fmt.Errorf("pending: say what it waits for")
		}
	case "each":
		if len(words) < 3 {
			*err = fmt.Errorf("each: a name and two values at least")
			return e, true
		}
		e = each{words[0], words[1:]}
	default:
		return e, false
	}
	return e, true
}

// checkStep refuses what no player would know.
func checkStep(s Step) error {
	v, known := verbs[s.Verb]
	if !known {
		return fmt.Errorf("%s: there is no such verb; there are %s", s.Verb, strings.Join(verbNames(), ", "))
	}
	words, err := split(s.Rest)
	if v.line { // a shell's line, with quotes of its own
		words, err = strings.Fields(s.Rest), nil
	}
	if err != nil {
		return err
	}
	if len(words) < v.min || v.max > 0 && len(words) > v.max {
		return fmt.Errorf("usage: %s", v.usage)
	}
	return nil
}

// vary tells each story once for each value of each `each`.
func vary(stories []Story, eaches []each) []Story {
	for _, e := range eaches {
		var next []Story
		for _, s := range stories {
			for _, value := range e.values {
				told := s
				told.Name += "-" + value
				told.Vars = map[string]string{e.name: value}
				for k, v := range s.Vars {
					told.Vars[k] = v
				}
				next = append(next, told)
			}
		}
		stories = next
	}
	return stories
}

var variable = regexp.MustCompile(`@[A-Za-z][A-Za-z0-9_-]*@`)

// expand puts the values of variables, which are written @NAME@, into a text. In a file
// what is no variable stays as it is; in a story it is an error.
func expand(text string, value func(string) (string, bool)) (string, error) {
	var unknown []string
	out := variable.ReplaceAllStringFunc(text, func(v string) string {
		if s, ok := value(strings.Trim(v, "@")); ok {
			return s
		}
		unknown = append(unknown, v)
		return v
	})
	if len(unknown) > 0 {
		return out, fmt.Errorf("nothing is known of %s", strings.Join(unknown, ", "))
	}
	return out, nil
}

// split takes a line apart at blanks; single quotes keep them.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for _, r := range line {
		switch {
		case r == '\'':
			quoted, begun = !quoted, true
		case !quoted && (r == ' ' || r == '\t' || r == '\n'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("a quote is not closed")
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// missing is the first of the needs that this host does not have, or empty.
func missing(needs []string) string {
	for _, need := range needs {
		if _, err := lookIn(need); err != nil {
			return need
		}
	}
	return ""
}

// lookIn finds a program in searchPath, or a path.
func lookIn(name string) (string, error) {
	if filepath.IsAbs(name) {
		found, err := filepath.Glob(name)
		if err == nil && len(found) == 0 {
			err = fs.ErrNotExist
		}
		return name, err
	}
	for dir := range strings.SplitSeq(searchPath, ":") {
		full := filepath.Join(dir, name)
		if st, err := os.Stat(full); err == nil && st.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	return "", fs.ErrNotExist
}

// searchPath is where programs are looked for: a service's PATH, and none of a user's own.
const searchPath = "/usr/sbin:/usr/bin:/sbin:/bin"
