package procscan

import (
	"bytes"
	"os"
	"path/filepath"

	"procward/internal/launch"
)

// ours knows procward's own processes, which are never meant by a match: children that
// have not yet executed their program, and scripts.
type ours struct {
	self       int
	exe, args  string // of procward
	namespaces int
	scripts    map[string]struct{} // by path
	comms      map[string][]string // the paths by name as the kernel cuts it
}

// commSize is how many bytes of a name the kernel keeps: TASK_COMM_LEN without the zero.
const commSize = 15

// interpreted is how many arguments are searched for the path of a script: the
// interpreter's name, up to two options, the script.
const interpreted = 4

func newOurs(fs *FS) *ours {
	o := &ours{self: fs.self, namespaces: 1}
	self := filepath.Join(fs.root, "self")
	// If something cannot be read, the rule that needs it is left out: in a tree made for a
	// test.
	o.exe, _ = os.Readlink(filepath.Join(self, "exe"))
	args, _ := os.ReadFile(filepath.Join(self, "cmdline"))
	o.args = string(joinArgs(args))
	if n, _, err := fs.namespaces(fs.self, make([]byte, 0, textSize)); err == nil {
		o.namespaces = n
	}
	return o
}

// with returns the same with other scripts.
func (o ours) with(scripts []string) *ours {
	o.scripts = make(map[string]struct{}, len(scripts))
	o.comms = make(map[string][]string, len(scripts))
	for _, path := range scripts {
		o.scripts[path] = struct{}{}
		comm := commOf(path)
		o.comms[comm] = append(o.comms[comm], path)
	}
	return &o
}

// commOf is the name that the kernel gives to a process which executes a file.
func commOf(path string) string {
	name := filepath.Base(path)
	return name[:min(len(name), commSize)]
}

// among finds the path of a script among the first arguments, which are separated by
// zeros.
func (o *ours) among(argv []byte) string {
	if len(o.scripts) == 0 {
		return ""
	}
	for range interpreted {
		arg, rest, more := bytes.Cut(argv, []byte{0})
		if _, ok := o.scripts[string(arg)]; ok {
			return string(arg)
		}
		if !more {
			break
		}
		argv = rest
	}
	return ""
}

// owns reports whether a process that otherwise matches belongs to procward.
func (o *ours) owns(s *subject, q *query) (bool, error) {
	if s.stat.PPID == o.self {
		if own, err := o.child(s); own || err != nil {
			return own, err
		}
	}
	if q.match.Exe == "" && q.match.Name == "" && o.exe != "" {
		if err := s.readExe(); !denied(err) && (err != nil || string(s.exe) == o.exe) {
			return err == nil, err // a command, like procward status NAME
		}
	}
	named := o.comms[string(s.stat.Comm)]
	if named == nil && (len(o.scripts) == 0 || !q.wantsArgs()) {
		return false, nil
	}
	if err := s.readArgs(); err != nil {
		return false, err
	}
	if s.script != "" {
		named = append([]string{s.script}, named...)
	}
	if len(named) == 0 {
		return false, nil
	}
	if err := s.readExe(); err != nil {
		return false, err
	}
	exe := string(bytes.TrimSuffix(s.exe, []byte(deleted)))
	for _, script := range named {
		if exe == script || exe == realPath(script) {
			// The script is a program, perhaps the one that is watched: then the match names it by
			// exe or name.
			return q.match.Exe == "" && q.match.Name == "", nil
		}
	}
	return s.script != "", nil
}

// child reports whether a child of ours still runs our own program with our own
// arguments: it was forked and has not called execve(2) yet.
func (o *ours) child(s *subject) (bool, error) {
	if o.exe == "" {
		return false, nil
	}
	if err := s.readExe(); err != nil || s.over || string(s.exe) != o.exe {
		return false, err
	}
	err := s.readArgs()
	return string(s.args) == o.args || bytes.HasPrefix(s.args, []byte(launch.Word+" ")), err
}

// joinArgs turns the zeros between arguments into blanks, in place, and drops those at
// the end: programs that write a title over their arguments fill it up with zeros.
func joinArgs(argv []byte) []byte {
	argv = bytes.TrimRight(argv, "\x00")
	for i, c := range argv {
		if c == 0 {
			argv[i] = ' '
		}
	}
	return argv
}
