package confd

import (
	"strings"
	"testing"
)

// TestQuotes holds which texts are doubted for their quotes, and that they stand all the same.
func TestQuotes(t *testing.T) {
	for text, want := range map[string]string{
		`tcp: {address: 'a:1', send: 'PING\r\n', expect: PONG}`:     `p.yaml:6:37: processes.a.stall[0].tcp.send: \r stands for itself here, as it is in single quotes or in none, and is sent as 2 characters: write it in double quotes`,
		`tcp: {address: 'a:1', send: PING\n}`:                       `tcp.send: \n stands for itself`,
		`unix: {path: /a, send: '\x1b'}`:                            `unix.send: \x1b stands for itself here, as it is in single quotes or in none, and is sent as 4 characters`,
		`tcp: {address: 'a:1', send: "PING\r\n", expect: '\bPONG'}`: "",
		`tcp: {address: 'a:1', send: "a \\n b"}`:                    "",
		`tcp: {address: 'a:1', send: 'a \\ b \ c \q'}`:              "",
		`tcp: {address: 'a:1', expect: "\bPONG"}`:                   `tcp.expect: in double quotes \b and its like stand for control characters`,
		`http: {url: 'http://a/', body: "\bok"}`:                    `http.body: in double quotes`,
		`http: {url: 'http://a/', body: '\bok\n'}`:                  "",
		`http: {url: 'http://a/', body: "a\nb"}`:                    "",
	} {
		c := loadOne(t, "p.yaml", []byte("processes:\n  a:\n    match: {name: a}\n    restart: {run: [/bin/true]}\n    stall:\n      - "+text+"\n"))
		if _, ok := c.Processes["a"]; !ok || hasErrors(c.Problems) {
			t.Errorf("%s: rejected: %s", text, show(c.Problems))
		}
		if got := show(c.Problems); (got != "") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
	c := loadOne(t, "m.yaml", []byte("monitors:\n  a:\n    tcp: {address: 'a:1', send: '\\0'}\n"))
	if got := show(c.Problems); !strings.Contains(got, `monitors.a.tcp.send: \0 stands`) {
		t.Error(got)
	}
}
