package probe

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// rsaFiles makes a certificate that signs itself, with an RSA key as old key exchanges need.
func rsaFiles(t *testing.T) (cert, key string) {
	t.Helper()
	openssl := need(t, "/usr/bin/openssl", "openssl")
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	out, err := exec.Command(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-keyout", key, "-out", cert).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl req: %v\n%s", err, out)
	}
	return cert, key
}

// opensslServer starts OpenSSL's web server and gives its URL, once it accepts.
func opensslServer(t *testing.T, port int, args ...string) string {
	t.Helper()
	openssl := need(t, "/usr/bin/openssl", "openssl")
	address := net.JoinHostPort(own(), strconv.Itoa(port))
	launch(t, nil, append([]string{openssl, "s_server", "-www", "-quiet", "-accept", address}, args...)...)
	eventually(t, "it listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return "https://" + address + "/"
}

// TestOldTLS asks servers that speak what Go does not speak by itself: that is no stall, and
// with insecure it is answered, as it is to curl -k.
func TestOldTLS(t *testing.T) {
	t.Parallel()
	cert, key := rsaFiles(t)
	for i, c := range []struct {
		name string
		args []string
	}{
		{"RSA key exchange", []string{"-tls1_2", "-cipher", "AES128-SHA"}},
		{"RSA key exchange and GCM", []string{"-tls1_2", "-cipher", "AES256-GCM-SHA384"}},
		{"TLS 1.1", []string{"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}},
		{"TLS 1.0", []string{"-tls1", "-cipher", "ALL:@SECLEVEL=0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := opensslServer(t, 18443+i, append(c.args, "-cert", cert, "-key", key)...)
			ask(t, url, long, func(h *HTTP) { h.TLS = &TLS{CAFile: cert, ServerName: "localhost"} }).is(t, Unknown, false, "tls: ")
			ask(t, url, long, func(h *HTTP) { h.TLS = &TLS{Insecure: true} }).is(t, Success, false, "status 200")
		})
	}
}

// TestUnspokenTLS holds that what even insecure cannot speak is no stall.
func TestUnspokenTLS(t *testing.T) {
	t.Parallel()
	cert, key := rsaFiles(t)
	url := opensslServer(t, 18449, "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256", "-cert", cert, "-key", key)
	ask(t, url, long, func(h *HTTP) { h.TLS = &TLS{Insecure: true} }).is(t, Unknown, false, "handshake failure")
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	ask(t, strings.Replace(plain, "http:", "https:", 1), long, nothing).is(t, Unknown, false, "first record does not look like a TLS handshake")
	slams := talk(t, "tcp", "127.0.0.1:0", func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) })
	ask(t, "https://"+slams, long, nothing).is(t, Unknown, false, "no common TLS")
	frames := talk(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<10))
		_, _ = c.Write([]byte("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00"))
	})
	ask(t, "http://"+frames, long, nothing).is(t, Unknown, false, "HTTP/2 alone")
}

// TestTLSThatFailsLater holds that a server which has spoken TLS and then only closes is to
// blame.
func TestTLSThatFailsLater(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	c := &tls.Config{Certificates: []tls.Certificate{ca.sign("localhost", time.Now().Add(time.Hour))}}
	var broken atomic.Bool
	address := talk(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		if broken.Load() {
			return
		}
		s := tls.Server(conn, c)
		_, _ = s.Read(make([]byte, 1<<10))
		fmt.Fprint(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	_, port, _ := strings.Cut(address, ":")
	a, err := newAsker(web(func(h *HTTP) { h.URL, h.TLS = "https://localhost:"+port, &TLS{CAFile: ca.file} }).HTTP)
	if err != nil {
		t.Fatal(err)
	}
	once(t, a, long).is(t, Success, false, "status 200")
	broken.Store(true)
	once(t, a, long).is(t, Failure, false, "closed during the TLS handshake")
}

// TestCommonNameOnly holds that a certificate as they were made once is no stall.
func TestCommonNameOnly(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	bare := ca.sign("localhost", time.Now().Add(time.Hour))
	cert := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, ca.cert, bare.PrivateKey.(crypto.Signer).Public(), ca.key)
	if err != nil {
		t.Fatal(err)
	}
	url := secure(t, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: bare.PrivateKey}, nil)
	ask(t, url, long, func(h *HTTP) { h.TLS = &TLS{CAFile: ca.file} }).is(t, Unknown, false, "Common Name")
	ask(t, url, long, func(h *HTTP) { h.TLS = &TLS{CAFile: ca.file, Unverified: CountsFail} }).is(t, Failure, false, "Common Name")
	ask(t, url, long, func(h *HTTP) { h.TLS = &TLS{Insecure: true} }).is(t, Success, false, "")
}

// TestExpiredWhereItMatters holds that expires: makes an ended certificate a failure.
func TestExpiredWhereItMatters(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	url := secure(t, ca.sign("localhost", time.Now().Add(-time.Hour)), nil)
	ask(t, url, long, func(h *HTTP) { h.TLS = &TLS{CAFile: ca.file, Expires: scalar.Duration(time.Hour)} }).is(t, Failure, false, "expired")
}

// TestNoCertificateOfOurs asks many times a server that wants a certificate: what it answers
// may be overtaken by the end of the connection, and is never a stall, nor anything else
// than what it is.
func TestNoCertificateOfOurs(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		url := secureAt(t, ca.sign("localhost", time.Now().Add(time.Hour)), ca, version)
		for range 100 {
			r := ask(t, url, long, func(h *HTTP) { h.TLS = &TLS{CAFile: ca.file} })
			if r.outcome != Unknown || !strings.Contains(r.text, "certificate") {
				t.Fatalf("%v: %s", r.outcome, r.text)
			}
		}
	}
}

// TestWholeUnknown holds that what shows nothing becomes probe-unknown and not a stall.
func TestWholeUnknown(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	url := secure(t, ca.sign("localhost", time.Now().Add(time.Hour)), nil)
	p, signs, _ := whole(t)
	p.Attend("web", 1, []Check{web(func(h *HTTP) { h.URL = url }).with(quick)}, p.boot())
	next(t, signs, watch.Blind, "unknown authority")
}
