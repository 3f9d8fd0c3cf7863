package procscan

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// verdict answers the question whether this process is meant.
type verdict uint8

const (
	no verdict = iota
	yes
	doubt // it could not be read far enough
)

// A key is one condition of a match. Its error is an *unreadError.
type key func(*subject, *query) (holds bool, err error)

// keys are the conditions of a match, the cheapest to read first. A later one is read
// only if the earlier ones match.
var keys = [...]key{nameKey, userKey, exeKey, argsKey, unitKey, namespaceKey, notOurs}

// judge reports whether the process is what the query describes or, with doubt, what
// could not be read. A condition that fails counts more than one that could not be read.
func (s *subject) judge(q *query) (verdict, error) {
	if q.none || s.over || s.nobody() {
		return no, nil
	}
	var unclear error
	for _, key := range keys {
		holds, err := key(s, q)
		switch {
		case s.over || err == nil && !holds:
			return no, nil
		case err != nil && unclear == nil:
			unclear = err
		}
	}
	if unclear != nil {
		return doubt, unclear
	}
	return yes, nil
}

func nameKey(s *subject, q *query) (bool, error) {
	return q.match.Name == "" || string(s.stat.Comm) == q.match.Name, nil
}

func userKey(s *subject, q *query) (bool, error) {
	if q.match.User == "" {
		return true, nil
	}
	err := s.readUser()
	return s.uid == q.uid, err
}

func exeKey(s *subject, q *query) (bool, error) {
	if q.match.Exe == "" {
		return true, nil
	}
	err := s.readExe()
	if denied(err) && !s.resembles(q) {
		return false, nil
	}
	if err != nil || !q.runs(s.exe) {
		return false, err
	}
	return s.called(q)
}

// called reports whether a process that runs the program of a query is the one that is
// meant. A link to a program of another name, such as those to busybox or
// redis-check-rdb, means the process that is called like the link: by its first argument,
// or in the name that the kernel kept of the execution.
func (s *subject) called(q *query) (bool, error) {
	if q.alias == "" || string(s.stat.Comm) == commOf(q.alias) || string(bytes.TrimSuffix(s.exe, []byte(deleted))) == q.exe[0] {
		return true, nil
	}
	err := s.readArgs()
	return err == nil && argName(s.args) == q.alias, err
}

// argName is the name of a process in its first argument, without the dash of a login
// shell and the colon of a title.
func argName(args []byte) string {
	name := filepath.Base(string(firstArg(args)))
	return strings.TrimSuffix(strings.TrimPrefix(name, "-"), ":")
}

// firstArg is the first argument, as far as blanks allow to tell.
func firstArg(args []byte) []byte {
	first, _, _ := bytes.Cut(args, []byte{' '})
	return first
}

// resembles reports whether a process whose exe we may not read could still be the
// program: its name or its first argument, which everybody may read, is that of the file.
// Without this test one process of another user, of which there are many if we are not
// root, would put every match in doubt.
func (s *subject) resembles(q *query) bool {
	if err := s.readArgs(); err != nil || s.over {
		return true
	}
	first := filepath.Base(string(firstArg(s.args)))
	for _, exe := range q.exe {
		if string(s.stat.Comm) == commOf(exe) || first == filepath.Base(exe) {
			return true
		}
	}
	return false
}

func denied(err error) bool { return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) }

func argsKey(s *subject, q *query) (bool, error) {
	if !q.wantsArgs() {
		return true, nil
	}
	if err := s.readArgs(); err != nil {
		return false, err
	}
	return q.says(s.args, s.plainArgs()), nil
}

func unitKey(s *subject, q *query) (bool, error) {
	if len(q.unit) == 0 {
		return true, nil
	}
	err := s.readUnit()
	return inUnit(s.unit, q.unit), err
}

// namespaceKey matches a process in our own PID namespace. The proc file system shows
// only processes in its own namespace and below: one that is as deep as we are is in
// ours.
func namespaceKey(s *subject, q *query) (bool, error) {
	if q.match.Namespace == "any" {
		return true, nil
	}
	err := s.readStatus()
	return s.count == s.ours.namespaces, err
}

func notOurs(s *subject, q *query) (bool, error) {
	own, err := s.ours.owns(s, q)
	return !own, err
}
