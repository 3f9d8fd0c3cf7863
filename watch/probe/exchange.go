package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
)

// exchange is the http.RoundTripper of one check: each request has a connection of its
// own, and everything happens on the calling goroutine, so that nothing outlives the
// check.
type exchange struct {
	reach  *reach
	budget *budget
	tls    *tls.Config
	state  *tls.ConnectionState // of the last connection; nil: without TLS
}

// maxHeader limits what comes before a body.
const maxHeader = 64 << 10

// RoundTrip sends a request and reads the head of the answer.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	conn, err := x.reach.dial(req.Context(), x.budget, "tcp", withPort(req))
	if err != nil {
		return nil, err
	}
	x.state = nil
	wanted := false // a certificate of ours
	if req.URL.Scheme == "https" {
		secured, err := x.secure(req.Context(), conn, req.URL.Hostname(), &wanted)
		if err != nil {
			return nil, err
		}
		conn = secured
	}
	resp, err := converse(conn, req)
	switch {
	case err == nil:
		return resp, nil
	case ofTLS(err), wanted && cutOff(err): // the alert with the reason may come after the end of the connection
		return nil, untoldTLS(err, wanted)
	}
	return nil, err
}

func withPort(req *http.Request) string {
	if port := req.URL.Port(); port != "" {
		return net.JoinHostPort(req.URL.Hostname(), port)
	}
	return net.JoinHostPort(req.URL.Hostname(), map[string]string{"http": "80", "https": "443"}[req.URL.Scheme])
}

// converse writes the request and reads the head of the answer. A server that refuses a
// request may answer before it has read it, and close: the answer says more than the
// closing.
func converse(conn net.Conn, req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Close = true
	writing := req.Write(conn)
	limited := &io.LimitedReader{R: conn, N: maxHeader}
	from := bufio.NewReader(limited)
	resp, err := answer(from, req)
	switch {
	case err != nil && limited.N <= 0:
		return nil, fmt.Errorf("the head of the answer exceeded %d bytes", maxHeader)
	case err != nil && writing != nil && !ofTLS(err):
		return nil, writing
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("the connection was closed without a whole answer: %w", err)
	case err != nil:
		return nil, err
	}
	limited.N = 1<<63 - 1
	resp.Body = struct {
		io.Reader
		io.Closer
	}{resp.Body, conn}
	return resp, nil
}

// answer reads the head of an answer, after any heads that only announce one.
func answer(from *bufio.Reader, req *http.Request) (*http.Response, error) {
	for {
		if err := otherProtocol(from); err != nil {
			return nil, err
		}
		resp, err := http.ReadResponse(from, req)
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
}

// otherProtocol reports that the answer is not HTTP/1, but a protocol that procward
// cannot read.
func otherProtocol(from *bufio.Reader) error {
	first, err := from.Peek(1)
	if err != nil {
		return err
	}
	switch first[0] {
	case 0: // the length of a frame (RFC 9113, 4.1); no text begins so
		return &untold{errors.New("it speaks HTTP/2 alone, and procward speaks HTTP/1.1")}
	case 0x15, 0x16: // a record of TLS
		return &untold{errors.New("it speaks TLS: write https:// in the url")}
	}
	return nil
}

// secure adds TLS to a connection.
func (x *exchange) secure(ctx context.Context, conn net.Conn, host string, wanted *bool) (net.Conn, error) {
	c := x.tls.Clone()
	if c.ServerName == "" {
		c.ServerName = host
	}
	give := c.Certificates
	c.GetClientCertificate = func(want *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		*wanted = true
		for i := range give {
			if want.SupportsCertificate(&give[i]) == nil {
				return &give[i], nil
			}
		}
		if len(give) > 0 { // the list of authorities that a server sends may be incomplete
			return &give[0], nil
		}
		return &tls.Certificate{}, nil
	}
	secured := tls.Client(conn, c)
	err := secured.HandshakeContext(ctx)
	key := conn.RemoteAddr().String()
	switch {
	case err == nil:
		if x.reach.greeted == nil {
			x.reach.greeted = map[string]bool{}
		}
		x.reach.greeted[key] = true
		state := secured.ConnectionState()
		x.state = &state
		_, err = x.budget.keep(secured, nil)
		return secured, err
	case cutOff(err) && x.reach.greeted[key] && !*wanted:
		return nil, fmt.Errorf("the connection was closed during the TLS handshake: %w", err)
	case cutOff(err) && !*wanted: // servers with another kind of TLS do so too, and broken ones
		return nil, &untold{fmt.Errorf("the connection was closed during the TLS handshake, as it is where the two sides speak no common TLS: %w", err)}
	case ctx.Err() != nil || os.IsTimeout(err) || ours(err):
		return nil, err
	}
	return nil, untoldTLS(fmt.Errorf("no TLS connection: %w", err), *wanted)
}

// untoldTLS turns an error into one about which the two sides do not agree. If the server
// wanted a certificate, that is most likely the reason.
func untoldTLS(err error, wanted bool) error {
	if wanted {
		err = fmt.Errorf("%w; it asked for a certificate of procward's (cert-file, key-file)", err)
	}
	return &untold{err}
}

// cutOff reports whether the other side closed the connection.
func cutOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// ofTLS reports whether the two sides do not agree on TLS; each side may notice that
// after the handshake as well.
func ofTLS(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") || errors.As(err, new(tls.RecordHeaderError))
}
