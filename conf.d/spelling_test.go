package confd

import (
	"strings"
	"testing"
)

func TestSpelling(t *testing.T) {
	for match, want := range map[string]string{
		`exe: '/usr/sbin/httpd*'`:                    `match.exe: holds a wildcard`,
		`exe: '/usr/sbin/httpd -D FOREGROUND'`:       `match.exe: holds a blank`,
		`exe: '/usr/sbin/httpd '`:                    `match.exe: begins or ends with a blank`,
		`name: 'httpd', user: ' apache'`:             `match.user: begins or ends with a blank`,
		"exe: '/usr/sbin/ht\u200btpd'":               `match.exe: holds a character that is not to be seen (U+200B)`,
		"exe: '/usr/sbin/httpd\u00a0'":               `match.exe: holds a character that is not to be seen (U+00A0)`,
		"name: httpd, args: '\u201c-D\u201d'":        `match.args: holds the quotation mark “ (U+201C)`,
		"name: httpd, args: '\u2013D'":               `match.args: holds the dash – (U+2013)`,
		"name: httpd, pidfile: \"/run/x\u202e.pid\"": `match.pidfile: holds a character that is not to be seen (U+202E)`,
		`args: myapp`:                                `match.args: stands alone, so that any program`,
		`args: myapp, user: app`:                     `match.args: stands alone, so that any program`,
	} {
		c := loadOne(t, "a.yaml", []byte("processes:\n  a:\n    match: {"+match+"}\n    restart: {run: /bin/a}\n"))
		if got := show(c.Problems); !strings.HasPrefix(got, "warning: a.yaml:3:") || !strings.Contains(got, "processes.a."+want) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s:\n%s", match, got)
		}
	}
	for _, match := range []string{
		`name: httpd, args: '[*?] x.*', not-args: ' graceful'`, `exe: /opt/日本語/サーバー`, `unit: myapp.service, args: myapp`, `name: 'Web Content'`,
	} {
		if c := loadOne(t, "a.yaml", []byte("processes:\n  a:\n    match: {"+match+"}\n    restart: {run: /bin/a}\n")); len(c.Problems) > 0 {
			t.Errorf("%s:\n%s", match, show(c.Problems))
		}
	}
	c := loadOne(t, "a.yaml", []byte("processes:\n  a:\n    match: {name: a}\n    restart: {run: [/bin/a, '\u201cx\u201d']}\n"))
	if got := show(c.Problems); !strings.Contains(got, "processes.a.restart.run[1]: holds the quotation mark") {
		t.Error(got)
	}
}
