package trust

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// SearchPath is where a program that is named without a slash is searched, unless its
// environment says otherwise.
const SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Program checks that only root and the user uid can change what argv[0] runs with these
// arguments: the program itself, the interpreter that its first line names (execve(2)),
// and, if it is an interpreter or starts another program, as sh, python3, env and nice
// do, the script or program among its arguments. A string of commands (sh -c) is not
// examined. The error is that of Check.
func Program(argv []string, uid uint32) error { return ProgramIn(SearchPath, argv, uid) }

// ProgramIn is Program with the PATH of the program's environment.
func ProgramIn(searchPath string, argv []string, uid uint32) error {
	p := program{path: searchPath, uid: uid}
	for range maxStarters {
		if err := p.executed(argv, maxInterpreters); err != nil {
			return err
		}
		next, script := p.named(argv)
		if script { // it only reads the script, whatever its first line says
			return Check(next[0], uid)
		}
		if argv = next; len(argv) == 0 {
			return nil
		}
	}
	return nil
}

const (
	maxInterpreters = 5 // scripts that name scripts as interpreters: what the kernel follows
	maxStarters     = 8 // programs that start programs
)

type program struct {
	path string
	uid  uint32
}

// executed judges what execve(2) of argv[0] executes.
func (p program) executed(argv []string, depth int) error {
	if err := Check(argv[0], p.uid); err != nil {
		return err
	}
	interpreter, option := firstLine(argv[0], p.uid)
	if interpreter == "" || depth == 0 {
		return nil
	}
	if !path.IsAbs(interpreter) {
		return &Error{Path: argv[0], At: argv[0], What: fmt.Sprintf("names %q as its interpreter, which is not an absolute path", interpreter), Remedy: "correct the first line of " + argv[0]}
	}
	started := []string{interpreter}
	if option != "" {
		started = append(started, option)
	}
	if err := p.executed(started, depth-1); err != nil {
		return absentIsFine(fmt.Errorf("the interpreter of %s: %w", argv[0], err))
	}
	for range maxStarters { // #!/usr/bin/env python3
		var script bool
		if started, script = p.named(append(started, argv[0])); len(started) == 0 || started[0] == argv[0] {
			return nil
		}
		if script { // #!/usr/bin/env -S sh /another/script
			return Check(started[0], p.uid)
		}
		if err := p.executed(started, depth-1); err != nil {
			return absentIsFine(fmt.Errorf("the interpreter of %s: %w", argv[0], err))
		}
		started = started[:len(started)-1]
	}
	return nil
}

// absentIsFine ignores that something is missing: execve(2) gives the better error.
func absentIsFine(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// firstLine is the interpreter, and its one argument, that the first line of a script
// names.
func firstLine(name string, uid uint32) (interpreter, option string) {
	f, err := Open(name, uid)
	if err != nil {
		return "", ""
	}
	defer f.Close()
	head := make([]byte, 256)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return "", ""
	}
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	line, is := bytes.CutPrefix(line, []byte("#!"))
	if !is {
		return "", ""
	}
	interpreter, option, _ = strings.Cut(strings.TrimLeft(string(line), " \t"), " ")
	if name, more, tab := strings.Cut(interpreter, "\t"); tab {
		interpreter, option = name, more+" "+option
	}
	return strings.TrimRight(interpreter, "\r"), strings.Trim(option, " \t\r")
}

// named is the command that the arguments of a program name: a script with its arguments,
// or a program. It is empty if there is none, or if we do not know how to find it.
func (p program) named(argv []string) (command []string, script bool) {
	s, known := starterOf(path.Base(argv[0]))
	if !known {
		return nil, false
	}
	rest := s.after(argv[1:])
	if len(rest) == 0 {
		return nil, false
	}
	file := p.find(rest[0], s.script)
	if file == "" {
		return nil, false
	}
	return append([]string{file}, rest[1:]...), s.script
}

// find is the absolute path of a script or program, if it is a regular file.
func (p program) find(name string, script bool) string {
	candidates := []string{name}
	switch {
	case path.IsAbs(name):
	case script || strings.Contains(name, "/"): // programs are started in the root directory
		candidates = []string{"/" + name}
	default:
		candidates = nil
		for _, dir := range strings.Split(p.path, ":") {
			if path.IsAbs(dir) {
				candidates = append(candidates, path.Join(dir, name))
			}
		}
	}
	for _, c := range candidates {
		if st, err := os.Stat(c); err == nil && st.Mode().IsRegular() && (script || unix.Access(c, unix.X_OK) == nil) {
			return c
		}
	}
	return ""
}
