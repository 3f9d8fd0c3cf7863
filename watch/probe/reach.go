package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"procward/internal/hang"
	"procward/internal/scalar"
)

// reach makes the connections of one checker, one check at a time.
type reach struct {
	answered map[string]netip.Addr // by host: the address that last accepted
	greeted  map[string]bool       // by address: a TLS handshake succeeded
	hangs    hang.Guard            // the path of a unix socket
}

// dial connects; it closes what it opened at the end of the check.
func (r *reach) dial(ctx context.Context, b *budget, network, address string) (net.Conn, error) {
	if network == "unix" {
		return r.dialUnix(ctx, b, address)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%q is no port", service)
	}
	addrs, err := resolve(ctx, b, host)
	if err != nil {
		return nil, err
	}
	conn, tries := race(ctx, b, addrs, uint16(port))
	if conn == nil {
		return nil, &unreached{host: host, tries: tries, last: r.answered[host]}
	}
	if r.answered == nil {
		r.answered = map[string]netip.Addr{}
	}
	if to, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		r.answered[host] = to.AddrPort().Addr().Unmap()
	}
	return conn, nil
}

// farewell is how long a call to the kernel may take to return after its time is over,
// before we say that it hangs.
const farewell = 250 * time.Millisecond

// dialUnix connects to a unix socket. If its path is on a file system that does not
// answer, connect(2) never returns.
func (r *reach) dialUnix(ctx context.Context, b *budget, path string) (net.Conn, error) {
	patience, hangs := context.WithCancel(context.WithoutCancel(ctx))
	defer hangs()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(farewell, hangs) })()
	conn, err := hang.Until(patience, &r.hangs, "path", func() (net.Conn, error) { return b.keep(connectUnix(ctx, path)) })
	if errors.Is(err, hang.ErrHangs) {
		return nil, &untold{fmt.Errorf("connect to %s: %w", path, hang.ErrHangs)}
	}
	return conn, err
}

// connectUnix connects. With a full accept queue connect(2) waits for TCP; a non-blocking
// unix socket says EAGAIN instead, so it is tried until the time is over.
func connectUnix(ctx context.Context, path string) (net.Conn, error) {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// stagger is how long an address has before the next one is tried at the same time (RFC
// 8305, 5).
const stagger = 250 * time.Millisecond

// try is the result for one address.
type try struct {
	to   netip.AddrPort
	conn net.Conn
	err  error
}

// race connects to the first of the addresses that accepts. If none does it returns the
// reason for each.
func race(ctx context.Context, b *budget, addrs []netip.Addr, port uint16) (net.Conn, []try) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan try, len(addrs))
	next := time.NewTimer(0)
	defer next.Stop()
	var failed []try
	for begun := 0; len(failed) < len(addrs); {
		select {
		case <-next.C:
			if begun < len(addrs) {
				to := netip.AddrPortFrom(addrs[begun], port)
				begun++
				go func() {
					conn, err := b.keep(connectTo(ctx, to))
					ended <- try{to, conn, err}
				}()
				next.Reset(stagger)
			}
		case t := <-ended:
			if t.conn != nil {
				return t.conn, nil
			}
			failed = append(failed, t)
			next.Reset(0)
		}
	}
	return nil, failed
}

// connectTo uses no keep-alives: a connection lives for one check.
func connectTo(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	return (&net.Dialer{KeepAlive: -1}).DialContext(ctx, "tcp", to.String())
}

// unreached says why none of the addresses of a host accepts.
type unreached struct {
	host  string
	tries []try
	last  netip.Addr // that accepted; invalid: none ever did
}

// Error names every address if there are several.
func (u *unreached) Error() string {
	if len(u.tries) == 1 {
		return u.tries[0].err.Error()
	}
	var words []string
	for _, t := range u.tries {
		words = append(words, t.err.Error())
	}
	slices.Sort(words)
	return fmt.Sprintf("%s has %d addresses: %s", u.host, len(u.tries), strings.Join(words, "; "))
}

// Timeout reports whether the kernel gave up waiting.
func (u *unreached) Timeout() bool {
	return slices.ContainsFunc(u.tries, func(t try) bool { return os.IsTimeout(t.err) })
}

// ours reports whether the fault is on the way or in procward, and not in the service. An
// IPv6 address on a host without IPv6 shows nothing, unless it was the one that answered.
func (u *unreached) ours() bool {
	told := false
	for _, t := range u.tries {
		switch {
		case errors.Is(t.err, context.Canceled) || errors.Is(t.err, net.ErrClosed): // the time was over
			told = true
		case !ours(t.err):
			told = true
		case !t.to.Addr().Is6() || t.to.Addr() == u.last || !wayless(t.err):
			return true
		}
	}
	return !told
}

// resolve is the addresses of a host. The time of the check stands still meanwhile. Go's
// own resolver is used, because the C library's holds a thread for as long as it hangs.
func resolve(ctx context.Context, b *budget, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	defer b.pause()()
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	local := strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if local { // it is in the file of hosts, or RFC 6761 defines it
			return nil, errors.New("not asked")
		}
		return b.keep((&net.Dialer{}).DialContext(ctx, network, address))
	}}
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	switch {
	case err != nil && local:
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, &untold{fmt.Errorf("the name %s was not resolved within %s", host, scalar.Duration(b.timeout))}
	case err != nil:
		return nil, &untold{err}
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, nil
}
