package probe

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"procward/internal/scalar"
)

// HTTP asks a web server, in HTTP/1.1 over a new connection each time: a connection that
// is kept would not show that new ones are not accepted any more. Proxies of the
// environment are not used. If body is set, or the answer has a length, the body must be
// there within the timeout, up to max-body; else the status is enough, because the answer
// may be a stream that never ends.
type HTTP struct {
	// `http://` or `https://`. Required
	URL string `yaml:"url"`
	// or `HEAD`
	Method string `yaml:"method"`
	// of the request: `{Host: www.example.com}`
	Headers map[string]string `yaml:"headers"`
	// a file whose first line is `user:password`, or `Bearer` and a token
	AuthFile string `yaml:"auth-file"`
	// the good ones: numbers, classes like `2xx`, ranges like `200-399`
	Status Statuses `yaml:"status"`
	// a regular expression (RE2) that must be found in the body
	Body Pattern `yaml:"body"`
	// how much of the body is read
	MaxBody scalar.Size `yaml:"max-body"`
	// how the server, and procward itself, are identified
	TLS *TLS `yaml:"tls"`
	// `true`: redirects are followed
	Redirects bool `yaml:"redirects"`
}

// DefaultHTTP returns an HTTP check with its defaults.
func DefaultHTTP() HTTP {
	return HTTP{Method: http.MethodGet, Status: Statuses{{200, 299}}, MaxBody: 64 << 10}
}

// SetDefaults sets the defaults before the keys are read.
func (h *HTTP) SetDefaults() { *h = DefaultHTTP() }

// maxMaxBody limits how much is read of one body.
const maxMaxBody = 64 << 20

// token is the name of a header field (RFC 9110, 5.6.2).
var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (h *HTTP) worst(c Check) time.Duration   { return c.asked(0) }
func (h *HTTP) checker(site) (checker, error) { return newAsker(h) }

func (h *HTTP) needs() []Need {
	if h.TLS == nil {
		return reads("auth-file", h.AuthFile)
	}
	return reads("auth-file", h.AuthFile, "tls.ca-file", h.TLS.CAFile, "tls.cert-file", h.TLS.CertFile, "tls.key-file", h.TLS.KeyFile)
}

func (h *HTTP) validate(c Check) error {
	errs := []error{validateURL(h.URL), validateHeaders(h.Headers), absolute("auth-file", h.AuthFile), h.Body.validate("body")}
	switch {
	case h.Method != http.MethodGet && h.Method != http.MethodHead:
		errs = append(errs, scalar.Errorf("method", "%q is neither GET nor HEAD", h.Method))
	case h.Method == http.MethodHead && h.Body != "":
		errs = append(errs, scalar.Errorf("body", "an answer to HEAD has none: use method: GET"))
	}
	if len(h.Status) == 0 {
		errs = append(errs, scalar.Errorf("status", "accepts nothing: write for example [200, 204] or [2xx]"))
	}
	if h.MaxBody < 1 || h.MaxBody > maxMaxBody {
		errs = append(errs, scalar.Errorf("max-body", "%s is not from 1B to %s", h.MaxBody, scalar.Size(maxMaxBody)))
	}
	if h.TLS != nil {
		errs = append(errs, scalar.Under("tls", h.TLS.validate(c.Action)))
		if strings.HasPrefix(h.URL, "http:") && !h.Redirects {
			errs = append(errs, scalar.Errorf("tls", "the url is not one of https: change that, or remove tls"))
		}
	}
	return errors.Join(errs...)
}

func validateURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return scalar.Errorf("url", "is missing: write for example http://127.0.0.1/health")
	case err != nil:
		return scalar.Errorf("url", "%q is no URL: %v", s, errors.Unwrap(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return scalar.Errorf("url", "%q begins with neither http:// nor https://", s)
	case u.Hostname() == "":
		return scalar.Errorf("url", "%q names no host", s)
	case u.User != nil:
		return scalar.Errorf("url", "holds a user: put user:password into a file of its own, and name that in auth-file")
	case u.Port() != "" && !isPort(u.Port()):
		return scalar.Errorf("url", "%s is not a port from 1 to 65535", u.Port())
	}
	return nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func validateHeaders(headers map[string]string) error {
	var errs []error
	for _, k := range slices.Sorted(maps.Keys(headers)) {
		at := "headers." + k
		switch http.CanonicalHeaderKey(k) {
		case "Authorization":
			errs = append(errs, scalar.Errorf(at, "a secret does not belong here: put user:password, or Bearer and the token, into a file of its own, and name that in auth-file"))
		case "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade":
			errs = append(errs, scalar.Errorf(at, "is said by procward itself: remove it"))
		}
		if !token.MatchString(k) {
			errs = append(errs, scalar.Errorf(at, "is not the name of a header"))
		}
		if strings.ContainsFunc(headers[k], func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			errs = append(errs, scalar.Errorf(at, "holds a control character"))
		}
	}
	return errors.Join(errs...)
}

// absolute holds for an absolute path, and for none.
func absolute(key, path string) error {
	if path != "" && !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
		return scalar.Errorf(key, "%q is not an absolute path", path)
	}
	return nil
}

// Status is a status of HTTP, or a range of them: "200", "2xx", "200-399".
type Status struct{ From, To int }

// Statuses is several of them.
type Statuses []Status

// Wanted is what may stand for it, for the operator.
func (Statuses) Wanted() string { return "a list, like [200, 2xx]" }

// status is how they are written.
var status = regexp.MustCompile(`^([1-5])(?:xx|([0-9]{2})(?:-([1-5][0-9]{2}))?)$`)

// UnmarshalText reads a status or a range, from 100 to 599.
func (s *Status) UnmarshalText(text []byte) error {
	m := status.FindSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is not a status from 100 to 599: write for example 200, 2xx or 200-399", text)
	}
	class := int(m[1][0]-'0') * 100
	if m[2] == nil {
		*s = Status{class, class + 99}
		return nil
	}
	n, _ := strconv.Atoi(string(m[2]))
	*s = Status{class + n, class + n}
	if m[3] != nil {
		s.To, _ = strconv.Atoi(string(m[3]))
	}
	if s.To < s.From {
		return fmt.Errorf("%q ends before it begins", text)
	}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Wanted is what may stand for it, for the operator.
func (Status) Wanted() string { return "a status, like 200 or 2xx" }

// String is "200", "2xx" or "200-399".
func (s Status) String() string {
	switch {
	case s.From == s.To:
		return strconv.Itoa(s.From)
	case s.From%100 == 0 && s.To == s.From+99:
		return fmt.Sprintf("%dxx", s.From/100)
	}
	return fmt.Sprintf("%d-%d", s.From, s.To)
}
