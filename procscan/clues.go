package procscan

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"

	"procward/internal/account"
)

// clue is a key of a match, used to explain it. want is what the match says for it, empty
// if nothing; points reports that the process seems to be meant by it, even if it does
// not match.
type clue struct {
	word   string
	want   func(q *query) string
	holds  key
	points func(s *subject, q *query) bool   // nil: never
	is     func(s *subject, q *query) string // nil: not worth saying
	isNot  func(s *subject, q *query) string
}

// answer is what a process shows for a clue.
type answer struct {
	given, holds bool
	err          error
}

var clues = [...]clue{
	{
		word:   "name",
		want:   func(q *query) string { return q.match.Name },
		holds:  nameKey,
		points: func(s *subject, q *query) bool { return string(s.stat.Comm) == q.match.Name },
		is:     func(s *subject, _ *query) string { return fmt.Sprintf("name is %s", s.stat.Comm) },
		isNot:  func(s *subject, q *query) string { return fmt.Sprintf("name is %s, not %s", s.stat.Comm, q.match.Name) },
	},
	{
		word:   "exe",
		want:   func(q *query) string { return q.match.Exe },
		holds:  exeKey,
		points: sameBase,
		is:     func(s *subject, _ *query) string { return fmt.Sprintf("exe is %s", s.exe) },
		isNot: func(s *subject, q *query) string {
			if q.runs(s.exe) {
				return fmt.Sprintf("exe is %s, to which %s is a link, but it is called %s and %s", s.exe, q.match.Exe, s.stat.Comm, brief(firstArg(s.args)))
			}
			return fmt.Sprintf("exe is %s, not %s", s.exe, q.match.Exe)
		},
	},
	{
		word:   "args",
		want:   func(q *query) string { return q.match.Args },
		holds:  saysArgs,
		points: func(s *subject, q *query) bool { return found(q.args, s.args, s.plainArgs()) },
		is:     func(_ *subject, q *query) string { return fmt.Sprintf("args %q is found", q.match.Args) },
		isNot: func(s *subject, q *query) string {
			return fmt.Sprintf("args %q is not found in %s", q.match.Args, brief(s.args))
		},
	},
	{
		word:  "not-args",
		want:  func(q *query) string { return q.match.NotArgs },
		holds: saysNotArgs,
		isNot: func(s *subject, q *query) string {
			return fmt.Sprintf("not-args %q is found in %s", q.match.NotArgs, brief(s.args))
		},
	},
	{
		word:  "user",
		want:  func(q *query) string { return q.match.User },
		holds: isUser,
		is:    func(_ *subject, q *query) string { return "user is " + q.match.User },
		isNot: func(s *subject, q *query) string {
			if q.err != nil {
				return q.err.Error()
			}
			return fmt.Sprintf("user is %s, not %s", account.NameOf(s.uid, s.users), q.match.User)
		},
	},
	{
		word:   "unit",
		want:   func(q *query) string { return q.match.Unit },
		holds:  unitKey,
		points: func(s *subject, q *query) bool { return inUnit(s.unit, q.unit) },
		is:     func(s *subject, _ *query) string { return "unit is " + s.unit },
		isNot:  func(s *subject, q *query) string { return fmt.Sprintf("unit is %s, not %s", s.unit, q.match.Unit) },
	},
}

// sameBase reports whether the program's file has the same name as the wanted one.
func sameBase(s *subject, q *query) bool {
	have := filepath.Base(string(bytes.TrimSuffix(s.exe, []byte(deleted))))
	return q.runs(s.exe) || have == filepath.Base(q.match.Exe)
}

func isUser(s *subject, q *query) (bool, error) {
	holds, err := userKey(s, q)
	return holds && q.err == nil, err
}

func saysArgs(s *subject, q *query) (bool, error) {
	if err := s.readArgs(); err != nil {
		return false, err
	}
	return found(q.args, s.args, s.plainArgs()), nil
}

func saysNotArgs(s *subject, q *query) (bool, error) {
	if err := s.readArgs(); err != nil {
		return false, err
	}
	return !found(q.notArgs, s.args, s.plainArgs()), nil
}

// brief shortens a command line so that it fits into a message.
func brief(args []byte) string {
	const most = 120
	if len(args) > most {
		return fmt.Sprintf("%q…", args[:most])
	}
	return strconv.Quote(string(args))
}
