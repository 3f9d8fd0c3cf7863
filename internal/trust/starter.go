package trust

import (
	"regexp"
	"slices"
	"strings"
)

// starter is a program that runs what its arguments name.
type starter struct {
	script   bool   // a script, by its path; else a program, also by PATH
	values   string // its short options that take a value
	long     string // its long options that take a value after a blank
	skip     int    // how many words are before the command
	commands string // its short options after which no file follows: a string of commands, a module
	assigns  bool   // NAME=value may come before the command
}

// starters are the usual ones. Versions after the name (python3.11) do not matter.
var starters = map[string]starter{
	"sh": shell, "ash": shell, "bash": shell, "dash": shell, "ksh": shell, "mksh": shell, "rbash": shell, "zsh": shell,
	"python":  {script: true, values: "WX", commands: "cm"},
	"pypy":    {script: true, values: "WX", commands: "cm"},
	"perl":    {script: true, values: "I", commands: "eE"},
	"ruby":    {script: true, values: "CEIr", commands: "e"},
	"node":    {script: true, values: "r", long: "require import", commands: "ep"},
	"nodejs":  {script: true, values: "r", long: "require import", commands: "ep"},
	"php":     {script: true, values: "cd", commands: "rBR"},
	"lua":     {script: true, values: "l", commands: "e"},
	"tclsh":   {script: true},
	"expect":  {script: true, commands: "c"},
	"env":     {values: "uC", long: "unset chdir", assigns: true},
	"nice":    {values: "n", long: "adjustment"},
	"ionice":  {values: "cn", long: "class classdata"},
	"chrt":    {values: "TPD", skip: 1},
	"taskset": {skip: 1},
	"nohup":   {}, "setsid": {}, "time": {values: "fo"}, "stdbuf": {values: "ioe", long: "input output error"},
	"timeout": {values: "ks", long: "kill-after signal", skip: 1},
	"flock":   {values: "wE", long: "timeout conflict-exit-code", skip: 1},
	"sudo":    {values: "ugCDhprtTU", long: "user group chdir host prompt role type", assigns: true},
	"runuser": {values: "ugGsT", long: "user group supp-group shell", commands: "c"},
	"setpriv": {long: "reuid regid groups inh-caps ambient-caps bounding-set securebits pdeathsig"},
	"prlimit": {}, "gosu": {skip: 1}, "chpst": {values: "uUbemdolfcrtPn012"},
	"systemd-run": {values: "pMuHtGE", long: "property unit description slice setenv uid gid nice working-directory"},
	"busybox":     {},
}

var shell = starter{script: true, values: "oO", long: "rcfile init-file", commands: "cs"}

// versions matches what may follow the name of an interpreter: a version number.
var versions = regexp.MustCompile(`^([a-z]+?)-?[0-9][0-9.]*$`)

func starterOf(name string) (starter, bool) {
	if m := versions.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	s, ok := starters[name]
	return s, ok
}

// after is what follows the options of a starter: the command with its arguments.
func (s starter) after(args []string) []string {
	skip := s.skip
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return args[min(i+1+skip, len(args)):]
		case strings.HasPrefix(arg, "--"):
			if slices.Contains(strings.Fields(s.long), arg[2:]) {
				i++
			}
			if s.assigns && strings.HasPrefix(arg, "--split-string=") {
				return append(strings.Fields(arg[len("--split-string="):]), args[i+1:]...)
			}
		case s.assigns && strings.HasPrefix(arg, "-S"): // env -S, used in #! lines
			return s.after(append(strings.Fields(arg[2:]), args[i+1:]...))
		case len(arg) > 1 && (arg[0] == '-' || arg[0] == '+' && s.script):
			ends, value := s.option(arg[1:])
			if ends {
				return nil
			}
			if value {
				i++
			}
		case s.assigns && strings.Contains(arg, "="):
		case skip > 0:
			skip--
		default:
			return args[i:]
		}
	}
	return nil
}

// option reads a cluster of short options: whether no file follows it, and whether the
// next word is the value of the last option.
func (s starter) option(cluster string) (ends, value bool) {
	for i, c := range cluster {
		if strings.ContainsRune(s.commands, c) {
			return true, false
		}
		if strings.ContainsRune(s.values, c) {
			return false, i == len(cluster)-1
		}
	}
	return false, false
}
