package probe

import (
	"encoding"
	"slices"
	"strings"
	"testing"
	"time"

	"procward/internal/kind"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/watch"
)

// check is a good check of a kind.
func check(change func(*Check)) Check {
	c := DefaultCheck()
	change(&c)
	return c
}

func web(change func(*HTTP)) Check {
	h := DefaultHTTP()
	h.URL = "https://localhost/health"
	change(&h)
	return check(func(c *Check) { c.HTTP = &h })
}

func program(change func(*Exec)) Check {
	e := DefaultExec()
	e.Run = script.Argv{"/bin/true"}
	change(&e)
	return check(func(c *Check) { c.Exec = &e })
}

func TestValidateAccepts(t *testing.T) {
	for name, c := range map[string]Check{
		"http": web(func(*HTTP) {}),
		"http, everything": web(func(h *HTTP) {
			*h = HTTP{URL: "http://[::1]:8080/x?y=z", Method: "GET", Headers: map[string]string{"Host": "a", "X-A": "b c"}, AuthFile: "/etc/x",
				Status: []Status{{200, 200}}, Body: "^ok", MaxBody: 1, Redirects: true, TLS: &TLS{CAFile: "/a", ServerName: "b", CertFile: "/c", KeyFile: "/d"}}
		}),
		"tcp":              check(func(c *Check) { c.TCP = &TCP{Address: "localhost:25", Send: "QUIT\r\n", Expect: "^220"} }),
		"tcp over IPv6":    check(func(c *Check) { c.TCP = &TCP{Address: "[::1]:25"} }),
		"unix":             check(func(c *Check) { c.Unix = &Unix{Path: "/run/x"} }),
		"unix, abstract":   check(func(c *Check) { c.Unix = &Unix{Path: "@x"} }),
		"exec":             program(func(*Exec) {}),
		"heartbeat":        check(func(c *Check) { c.Heartbeat = &Heartbeat{"/run/beat", scalar.Duration(time.Minute)} }),
		"notify":           check(func(c *Check) { c.Notify = &Notify{"/run/n", "nobody", scalar.Duration(time.Minute)} }),
		"a share":          web(func(*HTTP) {}).with(func(c *Check) { c.Failures, c.Successes = Failures{3, 5}, 64 }),
		"report of expiry": web(func(h *HTTP) { h.TLS = &TLS{Expires: scalar.Duration(time.Hour)} }).with(func(c *Check) { c.Action = watch.ActReport }),
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (c Check) with(change func(*Check)) Check {
	change(&c)
	return c
}

func TestValidateRefuses(t *testing.T) {
	good := web(func(*HTTP) {})
	for want, c := range map[string]Check{
		": says not what is checked: add one of " + strings.Join(kind.Names[Kinds](), ", "): DefaultCheck(),
		"tcp: there is http already: one check is of one kind, make it two":                 good.with(func(c *Check) { c.TCP = &TCP{} }),
		`name: "a b" is no name: use up to 64 letters, digits, and . _ - between them`:      good.with(func(c *Check) { c.Name = "a b" }),
		"interval: 99ms is not from 100ms to 24h":                                           good.with(func(c *Check) { c.Interval = scalar.Duration(99 * time.Millisecond) }),
		"timeout: 0s is not from 1ms to 1h":                                                 good.with(func(c *Check) { c.Timeout = 0 }),
		"successes: 0 is not from 1 to 64":                                                  good.with(func(c *Check) { c.Successes = 0 }),
		"failures: 5 failures cannot be among 3 results: write for example 3 of 5":          good.with(func(c *Check) { c.Failures = Failures{5, 3} }),
		"failures: 65 results are not remembered: the most is 64; use a longer interval":    good.with(func(c *Check) { c.Failures = Failures{65, 65} }),
		"failures: 0 is less than 1":                                                        good.with(func(c *Check) { c.Failures = Failures{} }),
		`on-timeout: "ok" is neither fail nor unknown`:                                      good.with(func(c *Check) { c.OnTimeout = "ok" }),
		`action: "kill" is not known: write restart or report`:                              good.with(func(c *Check) { c.Action = "kill" }),

		"http.url: is missing: write for example http://127.0.0.1/health":                              web(func(h *HTTP) { h.URL = "" }),
		`http.url: "ftp://x/" begins with neither http:// nor https://`:                                web(func(h *HTTP) { h.URL = "ftp://x/" }),
		`http.url: "http:///x" names no host`:                                                          web(func(h *HTTP) { h.URL = "http:///x" }),
		"http.url: 70000 is not a port from 1 to 65535":                                                web(func(h *HTTP) { h.URL = "http://a:70000/" }),
		`http.url: "http://a b/" is no URL: invalid character " " in host name`:                        web(func(h *HTTP) { h.URL = "http://a b/" }),
		"http.url: holds a user: put user:password into a file of its own, and name that in auth-file": web(func(h *HTTP) { h.URL = "http://u:p@a/" }),
		`http.method: "POST" is neither GET nor HEAD`:                                                  web(func(h *HTTP) { h.Method = "POST" }),
		"http.body: an answer to HEAD has none: use method: GET":                                       web(func(h *HTTP) { h.Method, h.Body = "HEAD", "x" }),
		"http.body: error parsing regexp: missing closing ): `(`":                                      web(func(h *HTTP) { h.Body = "(" }),
		"http.status: accepts nothing: write for example [200, 204] or [2xx]":                          web(func(h *HTTP) { h.Status = nil }),
		"http.max-body: 0B is not from 1B to 64MiB":                                                    web(func(h *HTTP) { h.MaxBody = 0 }),
		"http.headers.A B: is not the name of a header":                                                web(func(h *HTTP) { h.Headers = map[string]string{"A B": "x"} }),
		"http.headers.A: holds a control character":                                                    web(func(h *HTTP) { h.Headers = map[string]string{"A": "x\r\nB: y"} }),
		"http.headers.content-length: is said by procward itself: remove it":                           web(func(h *HTTP) { h.Headers = map[string]string{"content-length": "1"} }),
		"http.headers.authorization: a secret does not belong here: put user:password, or Bearer and the token, into a file of its own, and name that in auth-file": web(func(h *HTTP) {
			h.Headers = map[string]string{"authorization": "Basic x"}
		}),
		`http.auth-file: "x" is not an absolute path`:                                                         web(func(h *HTTP) { h.AuthFile = "x" }),
		`http.tls.ca-file: "x" is not an absolute path`:                                                       web(func(h *HTTP) { h.TLS = &TLS{CAFile: "x"} }),
		"http.tls: the url is not one of https: change that, or remove tls":                                   web(func(h *HTTP) { h.URL, h.TLS = "http://a/", &TLS{} }),
		"http.tls.cert-file: a certificate and its key go together: write cert-file and key-file, or neither": web(func(h *HTTP) { h.TLS = &TLS{CertFile: "/x"} }),
		"http.tls.insecure: accepts any certificate: remove it, or ca-file, server-name and unverified":       web(func(h *HTTP) { h.TLS = &TLS{Insecure: true, ServerName: "x"} }),
		"http.tls.expires: no restart makes a certificate last longer: add action: report, and check what a restart can help without expires": web(func(h *HTTP) {
			h.TLS = &TLS{Expires: scalar.Duration(time.Hour)}
		}),

		"tcp.address: is missing: write for example 127.0.0.1:80, or '[::1]:80'": check(func(c *Check) { c.TCP = &TCP{} }),
		`tcp.address: "localhost" is not like 127.0.0.1:80 or [::1]:80`:          check(func(c *Check) { c.TCP = &TCP{Address: "localhost"} }),
		`tcp.address: ":80" is not like 127.0.0.1:80 or [::1]:80`:                check(func(c *Check) { c.TCP = &TCP{Address: ":80"} }),
		`tcp.address: "smtp" is not a port from 1 to 65535`:                      check(func(c *Check) { c.TCP = &TCP{Address: "localhost:smtp"} }),
		"tcp.expect: error parsing regexp: missing closing ): `(`":               check(func(c *Check) { c.TCP = &TCP{Address: "a:1", Expect: "("} }),
		"unix.path: is missing: write the path of the socket":                    check(func(c *Check) { c.Unix = &Unix{} }),
		`unix.path: "x" is not an absolute path`:                                 check(func(c *Check) { c.Unix = &Unix{Path: "x"} }),
		"notify.socket: has 108 bytes, and the path of a socket at most 107": check(func(c *Check) {
			c.Notify = &Notify{"/" + strings.Repeat("x", 107), "", scalar.Duration(time.Minute)}
		}),
		"notify.max-age: 999ms is not from 1s to 168h":                                                            check(func(c *Check) { c.Notify = &Notify{Socket: "/x", MaxAge: scalar.Duration(999 * time.Millisecond)} }),
		"heartbeat.file: is missing: write the path of the file that the program touches":                         check(func(c *Check) { c.Heartbeat = &Heartbeat{"", scalar.Duration(time.Minute)} }),
		"heartbeat.max-age: is missing: write twice what the program takes from one to the next, for instance 1m": check(func(c *Check) { c.Heartbeat = &Heartbeat{File: "/x"} }),

		"exec.run: names no program":                                             program(func(e *Exec) { e.Run = nil }),
		"exec.ok: accepts nothing: write for example [0]":                        program(func(e *Exec) { e.OK = nil }),
		"exec.ok[1]: 256 is not an exit code from 0 to 255":                      program(func(e *Exec) { e.OK = []int{0, 256} }),
		`exec.warning: "unknown" is neither ok nor fail`:                         program(func(e *Exec) { e.Warning = "unknown" }),
		`exec.unknown: "ok" is neither unknown nor fail`:                         program(func(e *Exec) { e.Unknown = "ok" }),
		"exec.env.A-B: is not the name of a variable: use letters, digits and _": program(func(e *Exec) { e.Env = map[string]string{"A-B": ""} }),
	} {
		err := c.Validate()
		if err == nil || err.Error() != want {
			t.Errorf("\n got %v\nwant %s", err, want)
		}
	}
}

func TestNames(t *testing.T) {
	http, tcp, named := web(func(*HTTP) {}), check(func(c *Check) { c.TCP = &TCP{} }), web(func(*HTTP) {})
	named.Name = "http-2"
	for _, c := range []struct {
		checks []Check
		want   string
	}{
		{nil, ""},
		{[]Check{http, tcp, http, http}, "http tcp http-2 http-3"},
		{[]Check{http, http, named}, "http http-3 http-2"},
		{[]Check{named, named}, "http-2 http-2-2"},
	} {
		if got := strings.Join(Names(c.checks), " "); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestWorstCase(t *testing.T) {
	at := func(interval, timeout time.Duration, n int) func(*Check) {
		return func(c *Check) {
			c.Interval, c.Timeout, c.Failures = scalar.Duration(interval), scalar.Duration(timeout), Failures{n, n}
		}
	}
	beat := check(func(c *Check) { c.Heartbeat = &Heartbeat{"/x", scalar.Duration(time.Minute)} })
	notify := check(func(c *Check) { c.Notify = &Notify{"/x", "", scalar.Duration(time.Minute)} })
	for _, c := range []struct {
		check Check
		want  time.Duration
	}{
		{web(func(*HTTP) {}), 55 * time.Second},
		{web(func(*HTTP) {}).with(at(time.Second, 10*time.Second, 1)), 20 * time.Second},
		{program(func(*Exec) {}).with(at(10*time.Second, 10*time.Second, 2)), 33 * time.Second},
		{beat.with(at(10*time.Second, time.Second, 1)), 81 * time.Second},
		{notify.with(at(10*time.Second, time.Second, 1)), 70 * time.Second},
	} {
		if got := WorstCase(c.check); got != c.want {
			t.Errorf("%s: got %v, want %v", c.check.Kind(), got, c.want)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]any{
		"3": Failures{3, 3}, "3 of 5": Failures{3, 5}, "200": Status{200, 200}, "2xx": Status{200, 299}, "200-399": Status{200, 399},
	} {
		var got any
		var err error
		switch want.(type) {
		case Failures:
			var v Failures
			err = v.UnmarshalText([]byte(text))
			got = v
		case Status:
			var v Status
			err = v.UnmarshalText([]byte(text))
			got = v
		}
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "3 of", "of 5", "3 of 0", "3of5", "1e3"} {
		if new(Failures).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is a number of failures", text)
		}
	}
	for _, text := range []string{"", "99", "600", "6xx", "2xx-3xx", "399-200", "200 ", "20"} {
		if new(Status).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is a status", text)
		}
	}
}

type text interface {
	encoding.TextUnmarshaler
	encoding.TextMarshaler
}

// FuzzText holds that what is read is written so that it reads back the same.
func FuzzText(f *testing.F) {
	for _, s := range []string{"3", "3 of 5", "2xx", "200", "200-399"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		again(t, s, new(Failures), new(Failures))
		again(t, s, new(Status), new(Status))
	})
}

func again[T comparable, P interface {
	*T
	text
}](t *testing.T, s string, first, second P) {
	if first.UnmarshalText([]byte(s)) != nil {
		return
	}
	written, err := first.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.UnmarshalText(written); err != nil || *first != *second {
		t.Errorf("%q is written as %q, which is %v, %v", s, written, *second, err)
	}
}

// TestDefaults holds that what is read into the defaults has only to name the target.
func TestDefaults(t *testing.T) {
	h := DefaultHTTP()
	if got := statuses(h.Status); got != "2xx" || h.MaxBody.String() != "64KiB" {
		t.Errorf("%s, %s", got, h.MaxBody)
	}
	if e := DefaultExec(); !slices.Equal(e.OK, []int{0}) {
		t.Errorf("%+v", e)
	}
}
