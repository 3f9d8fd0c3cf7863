// Package script is the only runner of restart scripts, hooks, group scripts and exec
// probes. They run without a shell, in a process group of their own, with a limited time
// and a limited output, and inherit none of the daemon's own limits, priorities or
// descriptors.
package script

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"procward/internal/scalar"
)

// Argv is a program and its arguments. In YAML it is a list of strings, or one
// string that is a path with no arguments; it never passes through a shell.
type Argv []string

// Wanted says which values are allowed, for error messages.
func (Argv) Wanted() string { return "a list, like [/path/to/script, argument]" }

// Line is the command line for a person to read, not to paste.
func (a Argv) Line() string {
	words := make([]string, len(a))
	for i, word := range a {
		words[i] = word
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return r == '\'' || r == '"' || r == ' ' || !unicode.IsPrint(r) }) {
			words[i] = fmt.Sprintf("%q", word)
		}
	}
	return strings.Join(words, " ")
}

// UnmarshalYAML reads a list of strings, or a single string as a path without
// arguments. It has no keys, so strictness about unknown keys does not apply.
func (a *Argv) UnmarshalYAML(decode func(any) error) error {
	var list []string
	if err := decode(&list); err == nil {
		*a = list
		return nil
	}
	var one string
	if err := decode(&one); err != nil {
		return errors.New("write a list of strings, or one path without arguments")
	}
	*a = Argv{one}
	return nil
}

// Validate returns nil if there is a program and its path is absolute and clean.
func (a Argv) Validate() error {
	switch {
	case len(a) == 0 || a[0] == "":
		return errors.New("names no program")
	case !filepath.IsAbs(a[0]):
		if strings.ContainsAny(a[0], " \t") {
			return scalar.Errorf("[0]", "%q is not an absolute path; arguments go into a list: [/path/to/script, argument]", a[0])
		}
		return scalar.Errorf("[0]", "%q is not an absolute path; there is no PATH search", a[0])
	case strings.ContainsAny(a[0], " \t") && len(a) == 1:
		return scalar.Errorf("[0]", "%q holds blanks; arguments go into a list: [/path/to/script, argument]", a[0])
	}
	for _, s := range a {
		if strings.ContainsRune(s, 0) {
			return errors.New("holds a NUL byte")
		}
	}
	return nil
}

// Job is one run of a script.
type Job struct {
	Argv    Argv
	User    string            // empty: the daemon's own
	Env     map[string]string // added to PATH, LANG; PROCWARD_* among them
	Stdin   []byte            // nil: /dev/null
	Timeout time.Duration     // above 0; then TERM to the process group, Grace later KILL
	Grace   time.Duration     // between TERM and KILL; 0: 5 s
	// Persist lets Run try again, first after a second and then less often, if the script
	// cannot be started because procward itself lacks what that needs.
	Persist bool
	// Whole keeps everything that the script starts together, if that is possible: if it is
	// ended before its time nothing stays behind, and nothing outlives the daemon.
	Whole bool
	// Spare, if not nil, is called when Timeout is over; true lets the script go on (the
	// target is in the foreground of its script, so killing it would be wrong).
	Spare func() bool
	// End, if not nil, ends the script's process group as Timeout does when it is closed.
	End <-chan struct{}
}

// Result is the result of a run.
type Result struct {
	PID      int             // of the script, 0 when it could not be started
	Code     int             // exit code, -1 when it did not exit by itself
	Signal   string          // "SIGKILL", or empty
	TimedOut bool            // it was killed for exceeding Timeout
	Output   string          // stdout and stderr, bounded, control bytes made visible
	Took     time.Duration   // start to end
	Err      error           // it could not be started, or could not be awaited
	Lack     bool            // it was not started, because procward itself lacks descriptors, processes or memory
	Left     <-chan struct{} // of one that was not waited for any longer: closed when it has ended, or if it can never begin; else nil
}

// OK reports whether the script ran and exited 0.
func (r Result) OK() bool { return r.Err == nil && !r.TimedOut && r.Signal == "" && r.Code == 0 }
