package probe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"procward/internal/scalar"
)

// result is what one check has shown.
type result struct {
	outcome Outcome
	late    bool   // it ran out of its time; the outcome is not yet known
	text    string // in words
	output  string // of a program
}

func success(format string, args ...any) result {
	return result{outcome: Success, text: fmt.Sprintf(format, args...)}
}

func failure(format string, args ...any) result {
	return result{outcome: Failure, text: fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) result {
	return result{outcome: Unknown, text: fmt.Sprintf(format, args...)}
}

func early(format string, args ...any) result {
	return result{outcome: Early, text: fmt.Sprintf(format, args...)}
}

// late is the result of a check that ran out of its time; what is missing then.
func late(what string, timeout time.Duration) result {
	return result{late: true, text: fmt.Sprintf("%s within %s", what, scalar.Duration(timeout))}
}

// ours are errors that say something of this host or of procward, and nothing of what
// is checked.
var ours = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EADDRNOTAVAIL, syscall.EACCES, syscall.EPERM,
	context.Canceled,
}

// judge makes a result of what went wrong. A name that is not resolved is unknown:
// it is the resolver that failed; so are authorities and a clock of this host that do not
// allow to tell whether a certificate is good.
func judge(err error, missing string, timeout time.Duration) result {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return unknown("%v", err)
	case errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err):
		return late(missing, timeout)
	case clockBehind(err) || errors.As(err, new(x509.SystemRootsError)):
		return unknown("%v", err)
	case slices.ContainsFunc(ours, func(e error) bool { return errors.Is(err, e) }):
		return unknown("%v", err)
	}
	return failure("%v", err)
}

// clockBehind says that a certificate begins in the future: that is a clock of this host that
// was never set, or was put back, rather than a fault of the server.
func clockBehind(err error) bool {
	var bad x509.CertificateInvalidError
	return errors.As(err, &bad) && bad.Reason == x509.Expired && bad.Cert != nil && time.Now().Before(bad.Cert.NotBefore)
}

// dial makes every connection. Go's own resolver is used, since the C library's holds a
// thread for as long as it hangs. No keep-alives: a connection lives for one check.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Resolver: &net.Resolver{PreferGo: true}, KeepAlive: -1}
	return d.DialContext(ctx, network, address)
}

var errHangs = errors.New("it hangs, since an earlier check")

// patiently runs f, which may hang in the kernel for ever, and waits for it only until
// ctx ends. busy says that one is still under way: there is never more than one.
func patiently[T any](ctx context.Context, busy *atomic.Bool, f func() T) (T, error) {
	var none T
	if !busy.CompareAndSwap(false, true) {
		return none, errHangs
	}
	type end struct {
		value T
		err   error
	}
	ended := make(chan end, 1)
	go func() {
		var e end
		defer func() {
			if p := recover(); p != nil {
				e.err = fmt.Errorf("internal failure: %v", p)
			}
			busy.Store(false)
			ended <- e
		}()
		e.value = f()
	}()
	select {
	case e := <-ended:
		return e.value, e.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
