package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"procward/internal/scalar"
)

// TLS says how the server of an https URL is known, and we to it.
type TLS struct {
	CAFile     string          `yaml:"ca-file"`     // PEM, instead of the host's authorities
	ServerName string          `yaml:"server-name"` // that the certificate must be for: the URL's host
	CertFile   string          `yaml:"cert-file"`   // PEM, our own certificate
	KeyFile    string          `yaml:"key-file"`
	Insecure   bool            `yaml:"insecure"`   // any certificate will do, and any TLS that can be spoken
	Unverified Word            `yaml:"unverified"` // what a certificate counts as that cannot be verified: unknown (default), or fail
	Expires    scalar.Duration `yaml:"expires"`    // a certificate that ends within this is a failure; 0s: it does not matter
}

// DefaultTLS is what tls holds before its keys are read.
func DefaultTLS() TLS { return TLS{Unverified: CountsUnknown} }

// SetDefaults is for who reads the keys.
func (t *TLS) SetDefaults() { *t = DefaultTLS() }

func (t *TLS) validate() error {
	errs := []error{absolute("ca-file", t.CAFile), absolute("cert-file", t.CertFile), absolute("key-file", t.KeyFile)}
	if (t.CertFile == "") != (t.KeyFile == "") {
		errs = append(errs, scalar.Errorf("cert-file", "a certificate and its key go together: write cert-file and key-file, or neither"))
	}
	if t.Insecure && (t.CAFile != "" || t.ServerName != "" || t.Unverified == CountsFail) {
		errs = append(errs, scalar.Errorf("insecure", "accepts any certificate: remove it, or ca-file, server-name and unverified"))
	}
	if t.Unverified != "" && t.Unverified != CountsUnknown && t.Unverified != CountsFail {
		errs = append(errs, scalar.Errorf("unverified", "%q is neither unknown nor fail", t.Unverified))
	}
	return errors.Join(errs...)
}

// config is how procward speaks TLS; t may be nil. Where nothing is verified, anything goes
// that the library can speak, as with curl -k: what is asked is whether it works.
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

// blames says that an error is about a certificate for which the drop-in blames the server:
// one that cannot be verified, with unverified: fail; one that has ended, with expires.
// Authorities of this host that cannot be read, and a clock of this host that is behind,
// are never the server's.
func (t *TLS) blames(err error) bool {
	if t == nil || !errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.SystemRootsError)) || clockBehind(err) {
		return false
	}
	var bad x509.CertificateInvalidError
	ended := errors.As(err, &bad) && bad.Reason == x509.Expired
	return t.Unverified == CountsFail || ended && t.Expires > 0
}

// clockBehind says that a certificate begins in the future: that is a clock of this host that
// was never set, or was put back, rather than a fault of the server.
func clockBehind(err error) bool {
	var bad x509.CertificateInvalidError
	return errors.As(err, &bad) && bad.Reason == x509.Expired && bad.Cert != nil && time.Now().Before(bad.Cert.NotBefore)
}
