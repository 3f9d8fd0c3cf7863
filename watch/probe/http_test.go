package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/internal/scalar"
)

// long is a timeout that is not reached, short one that is.
const (
	long  = 2 * time.Minute
	short = 50 * time.Millisecond
)

// serve starts a web server.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// ask carries out one HTTP check.
func ask(t *testing.T, url string, timeout time.Duration, change func(*HTTP)) result {
	t.Helper()
	c := web(func(h *HTTP) {
		h.URL = url
		change(h)
	})
	if err := c.Validate(); err != nil && c.HTTP.TLS == nil {
		t.Fatal(err)
	}
	a, err := newAsker(c.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	return once(t, a, timeout)
}

func (r result) is(t *testing.T, outcome Outcome, late bool, words string) {
	t.Helper()
	if r.outcome != outcome || r.late != late || !strings.Contains(r.text, words) {
		t.Errorf("%v, late %v, %s; want %v, late %v, %s", r.outcome, r.late, r.text, outcome, late, words)
	}
}

func nothing(*HTTP) {}

func TestHTTP(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/500":
			w.WriteHeader(500)
		case "/away":
			http.Redirect(w, r, "/ok?from=away", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/huge":
			for range 2 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
			fmt.Fprint(w, "needle")
		case "/short":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "short")
		case "/headers":
			for range 100 {
				w.Header().Add("X-Filler", strings.Repeat("x", 1<<10))
			}
		default:
			fmt.Fprintf(w, "all is well, %s %s %q %s %s", r.Method, r.Host, r.Header.Get("X-A"), r.UserAgent(), r.Header.Get("Connection"))
		}
	})
	for _, c := range []struct {
		path    string
		change  func(*HTTP)
		outcome Outcome
		words   string
	}{
		{"/ok", nothing, Success, "status 200"},
		{"/ok", func(h *HTTP) { h.Method = "HEAD" }, Success, "status 200"},
		{"/500", nothing, Failure, "status 500 instead of 2xx"},
		{"/500", func(h *HTTP) { h.Status = []Status{{204, 204}, {400, 599}} }, Success, "status 500"},
		{"/ok", func(h *HTTP) { h.Status = []Status{{204, 204}, {300, 399}} }, Failure, "status 200 instead of 204, 3xx"},
		{"/away", nothing, Failure, `status 302 instead of 2xx, with a redirect to "/ok?from=away"`},
		{"/away", func(h *HTTP) { h.Redirects = true }, Success, "status 200"},
		{"/round", func(h *HTTP) { h.Redirects = true }, Failure, "stopped after 10 redirects"},
		{"/ok", func(h *HTTP) { h.Body = "^all .* well" }, Success, "status 200"},
		{"/ok", func(h *HTTP) { h.Body = "close$" }, Success, "status 200"},
		{"/ok", func(h *HTTP) { h.Body = "ill" }, Failure, `"ill" is not in the answer: "all is well, GET`},
		{"/ok", func(h *HTTP) { h.Body, h.MaxBody = "well", 5 }, Failure, `"well" is not in the first 5B of the answer`},
		{"/ok", func(h *HTTP) {
			h.Body, h.Headers = `GET example.org "b" me close`, map[string]string{"host": "example.org", "x-a": "b", "User-Agent": "me"}
		}, Success, ""},
		{"/huge", nothing, Success, "status 200"},
		{"/huge", func(h *HTTP) { h.Body = "needle" }, Failure, `"needle" is not in the first 64KiB`},
		{"/huge", func(h *HTTP) { h.Body, h.MaxBody = "needle", 256<<10 }, Success, ""},
		{"/short", nothing, Failure, "unexpected EOF"},
		{"/headers", nothing, Failure, "exceeded"},
	} {
		t.Run(c.path+" "+c.words, func(t *testing.T) { ask(t, url+c.path, long, c.change).is(t, c.outcome, false, c.words) })
	}
}

// TestHTTPConnectionsAreFresh holds that each check connects anew.
func TestHTTPConnectionsAreFresh(t *testing.T) {
	t.Parallel()
	from := make(chan string, 2)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { from <- r.RemoteAddr })
	c := web(func(h *HTTP) { h.URL = url })
	a, err := newAsker(c.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		once(t, a, long).is(t, Success, false, "")
	}
	if first, second := <-from, <-from; first == second {
		t.Errorf("both from %s", first)
	}
}

// TestHTTPNoProxy holds that proxies named in the environment are not used.
func TestHTTPNoProxy(t *testing.T) {
	url := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	ask(t, strings.Replace(url, "127.0.0.1", "localhost", 1), long, nothing).is(t, Success, false, "")
}

func TestHTTPTimeouts(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	t.Cleanup(func() { close(gone) })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/trickle" {
			for i := 0; ; i++ {
				fmt.Fprint(w, "x")
				w.(http.Flusher).Flush()
				select {
				case <-gone:
					return
				case <-r.Context().Done():
					return
				case <-time.After(time.Millisecond):
				}
			}
		}
		select {
		case <-gone:
		case <-r.Context().Done():
		}
	})
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	for name, c := range map[string]struct {
		url    string
		change func(*HTTP)
	}{
		"never answers":              {url + "/never", nothing},
		"accepts nothing":            {"http://" + mute.Addr().String(), nothing},
		"no TLS":                     {"https://" + mute.Addr().String(), nothing},
		"trickles what is not asked": {url + "/trickle", func(h *HTTP) { h.Body = "y" }},
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			r := ask(t, c.url, 200*time.Millisecond, c.change)
			r.is(t, Unknown, true, "answer within 200ms")
			if took := time.Since(before); took > long/2 {
				t.Errorf("took %v", took)
			}
		})
	}
	ask(t, url+"/trickle", long, func(h *HTTP) { h.Body = "xx" }).is(t, Success, false, "")
	before := time.Now()
	ask(t, url+"/trickle", 6*long, func(h *HTTP) { h.MaxBody = maxMaxBody }).is(t, Success, false, "status 200")
	if took := time.Since(before); took > long {
		t.Errorf("a stream that nobody asks for was read for %v", took)
	}
}

func TestHTTPWithoutServer(t *testing.T) {
	t.Parallel()
	ask(t, "http://"+closedPort(t), long, nothing).is(t, Failure, false, "connection refused")
	r := ask(t, "http://no-such-host.invalid/", long, nothing)
	r.is(t, Unknown, false, "lookup no-such-host.invalid")
	port := talk(t, "tcp", "127.0.0.1:0", func(c net.Conn) { _, _ = io.WriteString(c, "220 smtp here\r\n") })
	ask(t, "http://"+port, long, nothing).is(t, Failure, false, "HTTP") // malformed HTTP, or none
}

// closedPort is an address where nobody listens, and nobody else can until the test ends.
func closedPort(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
}

func TestHTTPAuth(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user+password != "meopen sesame: 1" && r.Header.Get("Authorization") != "Bearer xyz" {
			w.WriteHeader(401)
		}
	})
	file := filepath.Join(t.TempDir(), "auth")
	write(t, file, "me:open sesame: 1\nmore\n")
	c := web(func(h *HTTP) { h.URL, h.AuthFile = url, file })
	a, err := newAsker(c.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	once(t, a, long).is(t, Success, false, "")
	once(t, a, long).is(t, Success, false, "")
	write(t, file, "me:wrong")
	once(t, a, long).is(t, Failure, false, "status 401")
	write(t, file, "Bearer xyz\r\n")
	once(t, a, long).is(t, Success, false, "")
	write(t, file, "nothing of use")
	once(t, a, long).is(t, Unknown, false, "neither user:password nor Bearer")
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		once(t, a, long).is(t, Unknown, false, "is writable by everybody")
	}
	os.Remove(file)
	once(t, a, long).is(t, Unknown, false, "no such file")
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, file: filepath.Join(t.TempDir(), "ca.pem")}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a.file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return a
}

// sign makes a certificate and its key.
func (a *authority) sign(name string, end time.Time) tls.Certificate {
	a.t.Helper()
	return a.signFrom(name, time.Now().Add(-2*time.Hour), end)
}

func (a *authority) signFrom(name string, begin, end time.Time) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: begin, NotAfter: end, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// files writes a certificate and its key.
func (a *authority) files(c tls.Certificate) (cert, key string) {
	a.t.Helper()
	dir := a.t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	write(a.t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})))
	write(a.t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return cert, key
}

// secure starts a web server with a certificate, and one that wants one of the client
// where ca is not nil.
func secure(t *testing.T, c tls.Certificate, clients *authority) string {
	t.Helper()
	return secureAt(t, c, clients, tls.VersionTLS13)
}

// secureAt is secure with the highest version of TLS that the server speaks.
func secureAt(t *testing.T, c tls.Certificate, clients *authority, version uint16) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c}, MaxVersion: version}
	if clients != nil {
		s.TLS.ClientCAs = x509.NewCertPool()
		pem, err := os.ReadFile(clients.file)
		if err != nil {
			t.Fatal(err)
		}
		s.TLS.ClientCAs.AppendCertsFromPEM(pem)
		s.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	hence := time.Now().Add(100 * time.Hour)
	good := secure(t, ca.sign("localhost", hence), nil)
	expired := secure(t, ca.sign("localhost", time.Now().Add(-time.Hour)), nil)
	clockIsBehind := secure(t, ca.signFrom("localhost", time.Now().Add(time.Hour), hence), nil)
	elsewhere := secure(t, ca.sign("elsewhere", hence), nil)
	mutual := secure(t, ca.sign("localhost", hence), ca)
	cert, key := ca.files(ca.sign("client", hence))
	for name, c := range map[string]struct {
		url     string
		tls     TLS
		outcome Outcome
		words   string
	}{
		"good":                     {good, TLS{CAFile: ca.file}, Success, "status 200"},
		"an unknown authority":     {good, TLS{}, Unknown, "signed by unknown authority"},
		"another authority":        {good, TLS{CAFile: other.file}, Unknown, "signed by unknown authority"},
		"expired":                  {expired, TLS{CAFile: ca.file}, Unknown, "expired"},
		"the clock is behind":      {clockIsBehind, TLS{CAFile: ca.file}, Unknown, "is before"},
		"expired, and no matter":   {expired, TLS{Insecure: true}, Success, "status 200"},
		"another name":             {elsewhere, TLS{CAFile: ca.file}, Unknown, "valid for elsewhere, not localhost"},
		"the name that is meant":   {elsewhere, TLS{CAFile: ca.file, ServerName: "elsewhere"}, Success, ""},
		"ends soon":                {good, TLS{CAFile: ca.file, Expires: scalar.Duration(101 * time.Hour)}, Failure, "the certificate ends on " + hence.UTC().Format(time.DateOnly)},
		"ends later":               {good, TLS{CAFile: ca.file, Expires: scalar.Duration(99 * time.Hour)}, Success, ""},
		"we have none":             {mutual, TLS{CAFile: ca.file}, Unknown, "certificate required"},
		"we have one":              {mutual, TLS{CAFile: ca.file, CertFile: cert, KeyFile: key}, Success, ""},
		"no certificates in it":    {good, TLS{CAFile: key}, Unknown, "it holds no certificate"},
		"certificate and key swap": {mutual, TLS{CAFile: ca.file, CertFile: key, KeyFile: cert}, Unknown, "tls: "},
		"no file":                  {good, TLS{CAFile: "/does/not/exist"}, Unknown, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			ask(t, c.url, long, func(h *HTTP) { h.TLS = &c.tls }).is(t, c.outcome, false, c.words)
		})
	}
}

// TestHTTPCertificateIsRenewed holds that a new authority is taken without a reload.
func TestHTTPCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	url := secure(t, ca.sign("localhost", time.Now().Add(time.Hour)), nil)
	a, err := newAsker(web(func(h *HTTP) { h.URL, h.TLS = url, &TLS{CAFile: other.file} }).HTTP)
	if err != nil {
		t.Fatal(err)
	}
	once(t, a, long).is(t, Unknown, false, "unknown authority")
	if err := os.Rename(ca.file, other.file); err != nil {
		t.Fatal(err)
	}
	once(t, a, long).is(t, Success, false, "")
}

// TestHTTPFilesHang holds that a file that cannot be read in time is no failure.
func TestHTTPFilesHang(t *testing.T) {
	t.Parallel()
	a, err := newAsker(web(func(h *HTTP) { h.URL, h.AuthFile = "http://127.0.0.1:1/", "/x" }).HTTP)
	if err != nil {
		t.Fatal(err)
	}
	hangsIn(t, &a.files.reading, "files") // an earlier reading has not come back
	once(t, a, long).is(t, Unknown, false, "does not answer")
}

// hangsIn begins a call that does not come back before the test ends.
func hangsIn(t *testing.T, g *hang.Guard, name string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	if _, err := hang.Until(ctx, g, name, func() (int, error) { <-release; return 1, nil }); !errors.Is(err, hang.ErrHangs) {
		t.Fatal(err)
	}
}

// once carries out one check as a Prober does.
func once(t *testing.T, c checker, timeout time.Duration) result {
	t.Helper()
	return c.check(t.Context(), timeout)
}
