package trust

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProgram runs a script that everybody may write in each of the usual ways, and some
// that leave it alone.
func TestProgram(t *testing.T) {
	dir := tree(t)
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, "a/b", name)
		must(t, os.WriteFile(path, []byte(text), 0o755))
		must(t, os.Chmod(path, mode))
		return path
	}
	bad := file("bad", "#!/bin/sh\n", 0o777)
	good := file("good", "#!/bin/sh\n", 0o755)
	byBad := file("by-bad", "#!"+bad+"\n", 0o755)
	byBadWithOption := file("by-bad-option", "#! \t"+bad+" -x -y\n", 0o755)
	byEnvBad := file("by-env", "#!/usr/bin/env "+bad+"\n", 0o755)
	byEnvSplit := file("by-env-S", "#!/usr/bin/env -S sh "+bad+"\n", 0o755)
	nested := file("nested", "#!"+byBad+"\n", 0o755)
	byGood := file("by-good", "#!/usr/bin/env -S sh -e\n", 0o755)
	absent := file("absent", "#!/no/such/shell\n", 0o755)
	binary := file("binary", "\x7fELF", 0o755)
	for _, c := range []struct {
		argv string
		ok   bool
	}{
		{bad, false}, {good, true}, {byBad, false}, {byBadWithOption, false}, {byEnvBad, false}, {byEnvSplit, false}, {nested, false},
		{byGood, true}, {absent, true}, {binary, true},
		{"/bin/sh " + bad, false}, {"/bin/sh -e -u " + bad + " x", false}, {"/bin/sh -eu -o pipefail " + bad, false}, {"/bin/sh -- " + bad, false},
		{"/bin/sh -c " + bad, true}, {"/bin/sh -ec " + bad, true}, {"/bin/sh " + good + " " + bad, true}, {"/bin/sh +x " + bad, false},
		{"/bin/sh " + byBad, true}, // the shell reads it, whatever its first line says
		{"/usr/bin/env " + bad, false}, {"/usr/bin/env A=b -i -u X sh " + bad, false}, {"/usr/bin/env sh -c " + bad, true},
		{"/usr/bin/env -S sh " + bad, false},
		{"/usr/bin/nice " + bad, false}, {"/usr/bin/nice -n 5 " + bad, false}, {"/usr/bin/nice -n 5 " + good, true}, {"/usr/bin/nice -5 " + bad, false},
		{"/usr/bin/timeout -k 5 30 " + bad, false}, {"/usr/bin/timeout 30 sh " + bad, false}, {"/usr/bin/timeout 30 nice ionice -c 2 sh -x " + bad, false},
		{"/usr/bin/setsid -f " + bad, false}, {"/usr/bin/nohup " + bad, false}, {"/usr/bin/flock -n /run/lock " + bad, false},
		{"/usr/bin/stdbuf -o L " + bad, false}, {"/usr/bin/stdbuf -oL " + bad, false},
		{"/bin/cat " + bad, true}, {good + " " + bad, true},
		{"/bin/sh /no/such/script", true}, {"/bin/sh -s " + bad, true}, {"/bin/sh", true}, {"/usr/bin/nice", true},
		{"/bin/sh " + strings.TrimPrefix(bad, "/"), false}, // programs are started in the root directory
	} {
		argv := strings.Fields(c.argv)
		if _, err := os.Stat(argv[0]); err != nil {
			t.Logf("%s is not here", argv[0])
			continue
		}
		err := Program(argv, uint32(os.Geteuid()))
		var refused *Error
		if c.ok != (err == nil) || !c.ok && (!errors.As(err, &refused) || refused.At != bad) {
			t.Errorf("%s: %v", strings.ReplaceAll(c.argv, dir, ""), err)
		}
	}
}

// Interpreters have versions in their names, and options that take a value.
func TestStarters(t *testing.T) {
	for line, want := range map[string]string{
		"python3 -u -W ignore x.py y":     "x.py y",
		"python3.11 -X dev -- x.py":       "x.py",
		"python -m http.server x.py":      "",
		"perl -w -I lib x.pl":             "x.pl",
		"perl -we 1 x.pl":                 "",
		"ruby -rjson x.rb":                "x.rb",
		"node --require a x.js":           "x.js",
		"php -d a=b -f x.php":             "x.php",
		"sudo -u app -n x y":              "x y",
		"sudo A=b -u app x":               "x",
		"runuser -u app -- x y":           "x y",
		"systemd-run --scope -p A=b x y":  "x y",
		"systemd-run --unit u --scope x":  "x",
		"chrt -r 5 x":                     "x",
		"taskset -c 0,1 x":                "x",
		"bash --rcfile r --norc -O y x z": "x z",
		"busybox sh x":                    "sh x",
		"cat x":                           "",
	} {
		words := strings.Fields(line)
		s, known := starterOf(words[0])
		var got []string
		if known {
			got = s.after(words[1:])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}
