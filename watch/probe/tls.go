package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// TLS says how the server of an https URL is identified, and how we are.
type TLS struct {
	// authorities (PEM), instead of those of the host
	CAFile string `yaml:"ca-file"`
	// the name in the certificate, if it is not the host in the URL
	ServerName string `yaml:"server-name"`
	// procward's own certificate (PEM)
	CertFile string `yaml:"cert-file"`
	// and its key
	KeyFile string `yaml:"key-file"`
	// `true`: any certificate is accepted, also TLS 1.0, TLS 1.1 and RSA key exchange
	Insecure bool `yaml:"insecure"`
	// what a certificate that cannot be verified counts as: `unknown`, or `fail`
	Unverified Word `yaml:"unverified"`
	// if the certificate ends within this time, that is a failure. Only with `action:
	// report`
	Expires scalar.Duration `yaml:"expires"`
}

// DefaultTLS returns the defaults of tls.
func DefaultTLS() TLS { return TLS{Unverified: CountsUnknown} }

// SetDefaults sets the defaults before the keys are read.
func (t *TLS) SetDefaults() { *t = DefaultTLS() }

func (t *TLS) validate(action watch.Action) error {
	errs := []error{absolute("ca-file", t.CAFile), absolute("cert-file", t.CertFile), absolute("key-file", t.KeyFile)}
	if (t.CertFile == "") != (t.KeyFile == "") {
		errs = append(errs, scalar.Errorf("cert-file", "a certificate and its key go together: write cert-file and key-file, or neither"))
	}
	if t.Insecure && (t.CAFile != "" || t.ServerName != "" || t.Unverified == CountsFail) {
		errs = append(errs, scalar.Errorf("insecure", "accepts any certificate: remove it, or ca-file, server-name and unverified"))
	}
	if t.Expires > 0 && action == watch.ActRestart {
		errs = append(errs, scalar.Errorf("expires", "no restart makes a certificate last longer: add action: report, and check what a restart can help without expires"))
	}
	if t.Unverified != "" && t.Unverified != CountsUnknown && t.Unverified != CountsFail {
		errs = append(errs, scalar.Errorf("unverified", "%q is neither unknown nor fail", t.Unverified))
	}
	return errors.Join(errs...)
}

// config is how procward speaks TLS; t may be nil. If nothing is verified, everything is
// accepted that the library can do, as with curl -k: the question is only whether the
// server works.
func (t *TLS) config() (*tls.Config, error) {
	c := &tls.Config{NextProtos: []string{"http/1.1"}, Renegotiation: tls.RenegotiateOnceAsClient}
	if t == nil {
		return c, nil
	}
	c.ServerName, c.InsecureSkipVerify = t.ServerName, t.Insecure
	if t.Insecure {
		c.MinVersion = tls.VersionTLS10
		for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			c.CipherSuites = append(c.CipherSuites, s.ID)
		}
	}
	if t.CAFile != "" {
		pem, err := trusted(t.CAFile)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read %s: it holds no certificate in PEM", t.CAFile)
		}
	}
	if t.CertFile == "" {
		return c, nil
	}
	pair, err := ourPair(t.CertFile, t.KeyFile)
	c.Certificates = pair
	return c, err
}

// ourPair is procward's own certificate and its key.
func ourPair(certFile, keyFile string) ([]tls.Certificate, error) {
	cert, err := trusted(certFile)
	if err != nil {
		return nil, err
	}
	key, err := trusted(keyFile)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read %s and %s: %w", certFile, keyFile, err)
	}
	return []tls.Certificate{pair}, nil
}

// blames reports whether an error is about a certificate and the drop-in makes the server
// responsible: one that cannot be verified, with unverified: fail; one that has ended,
// with expires. Authorities of this host that cannot be read, and a clock of this host
// that is behind, are never the fault of the server.
func (t *TLS) blames(err error) bool {
	if t == nil || !errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.SystemRootsError)) || clockBehind(err) {
		return false
	}
	var bad x509.CertificateInvalidError
	ended := errors.As(err, &bad) && bad.Reason == x509.Expired
	return t.Unverified == CountsFail || ended && t.Expires > 0
}

// clockBehind reports whether a certificate begins in the future: then the clock of this
// host was never set, or was put back, and the server is not to blame.
func clockBehind(err error) bool {
	var bad x509.CertificateInvalidError
	return errors.As(err, &bad) && bad.Reason == x509.Expired && bad.Cert != nil && time.Now().Before(bad.Cert.NotBefore)
}
