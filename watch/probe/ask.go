package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"procward/internal/scalar"
)

// asker carries out HTTP checks of one spec.
type asker struct {
	spec    *HTTP
	body    *regexp.Regexp // nil: any
	request *http.Request  // without what the files say
	expires time.Duration  // of the certificate; 0: it does not matter
	files   *files[*loaded]
	reach   reach
}

// newAsker makes the checker of a valid spec.
func newAsker(spec *HTTP) (*asker, error) {
	req, err := http.NewRequest(spec.Method, spec.URL, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "procward")
	for k, v := range spec.Headers {
		req.Header.Set(k, v)
		if http.CanonicalHeaderKey(k) == "Host" {
			req.Host = v
		}
	}
	a := &asker{spec: spec, request: req, files: filesOf(spec.needs(), func() (*loaded, error) { return load(spec) })}
	if spec.Body != "" {
		if a.body, err = regexp.Compile(string(spec.Body)); err != nil {
			return nil, err
		}
	}
	if spec.TLS != nil {
		a.expires = spec.TLS.Expires.D()
	}
	if a.files.none() {
		_, err = a.files.now()
	}
	return a, err
}

func (a *asker) check(ctx context.Context, timeout time.Duration) (r result) {
	ctx, b := begin(ctx, timeout)
	defer func() { r.aside = b.end() }()
	l, err := a.files.read(ctx, b)
	if err != nil {
		return unknown("%v", err)
	}
	req := a.request.Clone(ctx)
	if l.authorization != "" {
		req.Header.Set("Authorization", l.authorization)
	}
	x := &exchange{reach: &a.reach, budget: b, tls: l.tls}
	client := http.Client{Transport: x}
	if !a.spec.Redirects {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := client.Do(req)
	switch {
	case err != nil && a.spec.TLS.blames(err):
		return failure("%v", bare(err))
	case err != nil:
		return b.judge(bare(err), "no answer")
	}
	defer resp.Body.Close()
	if r := a.head(resp, x.state); r.outcome != Success {
		return r
	}
	if err := a.read(b, resp); err != nil {
		return b.judge(err, "no complete answer")
	}
	return success("status %d", resp.StatusCode)
}

// bare is the error without what http.Client adds to it: the method and the URL.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// head judges everything before the body.
func (a *asker) head(resp *http.Response, state *tls.ConnectionState) result {
	accepted := false
	for _, s := range a.spec.Status {
		accepted = accepted || s.From <= resp.StatusCode && resp.StatusCode <= s.To
	}
	if !accepted {
		text := fmt.Sprintf("status %d instead of %s", resp.StatusCode, statuses(a.spec.Status))
		if to := resp.Header.Get("Location"); to != "" {
			text += fmt.Sprintf(", with a redirect to %.200q", to)
		}
		return failure("%s", text)
	}
	if a.expires > 0 && state != nil && len(state.PeerCertificates) > 0 {
		if end := state.PeerCertificates[0].NotAfter; time.Until(end) < a.expires {
			return failure("the certificate ends on %s", end.UTC().Format(time.DateOnly))
		}
	}
	return result{outcome: Success}
}

func statuses(list []Status) string {
	var words []string
	for _, s := range list {
		words = append(words, s.String())
	}
	return strings.Join(words, ", ")
}

// glance is how long an answer of unknown length is read if nobody asks for its body: it
// may be a stream that never ends, but a server that is finishing should not see its
// connection cut.
const glance = time.Second

// read reads as much of the body as is needed, and looks for what must be in it.
func (a *asker) read(b *budget, resp *http.Response) error {
	limited := io.LimitReader(resp.Body, int64(a.spec.MaxBody))
	switch {
	case a.body != nil:
		return find(a.body, limited, a.spec.MaxBody)
	case resp.ContentLength >= 0:
		_, err := io.Copy(io.Discard, limited)
		return err
	}
	enough := time.AfterFunc(min(glance, b.timeout/4), b.release)
	defer enough.Stop()
	_, _ = io.Copy(io.Discard, limited)
	return nil
}

// find searches r for an expression; it returns nil if it finds it. It does not read
// further than necessary.
func find(re *regexp.Regexp, r io.Reader, limit scalar.Size) error {
	seen := &seeing{r: r}
	found := re.MatchReader(bufio.NewReader(seen))
	switch {
	case seen.err != nil:
		return seen.err // without it the limit would count as the end of the text
	case found:
		return nil
	case seen.n >= int64(limit):
		return fmt.Errorf("%q is not in the first %s of the answer", re, limit)
	case seen.n == 0:
		return fmt.Errorf("an empty answer, without %q", re)
	}
	return fmt.Errorf("%q is not in the answer: %.200q", re, seen.first)
}

// seeing notes what is read through it.
type seeing struct {
	r     io.Reader
	n     int64
	first []byte // at most 200
	err   error  // but the end
}

func (s *seeing) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.first = append(s.first, p[:min(n, 200-len(s.first))]...)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
