package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"procward/internal/scalar"
)

// result is the result of one check.
type result struct {
	outcome Outcome
	late    bool          // its time is over; the outcome is not yet decided
	text    string        // in words
	output  string        // of a program
	aside   time.Duration // time in which the check waited for something else than the service
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

// late is the result of a check whose time is over; the text says what is missing.
func late(what string, timeout time.Duration) result {
	return result{late: true, text: fmt.Sprintf("%s within %s", what, scalar.Duration(timeout))}
}

// untold is an error that shows nothing about the service: the two sides cannot agree, or
// procward could not find out.
type untold struct{ err error }

func (u *untold) Error() string { return u.err.Error() }
func (u *untold) Unwrap() error { return u.err }

// noWay are errors of the way to the service.
var noWay = []error{
	syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT,
}

// lacks are errors of this host or of procward: it lacks a resource or a right, or a path
// leads to no socket.
var lacks = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EACCES, syscall.EPERM, syscall.EPROTONOSUPPORT,
	syscall.EPROTOTYPE, syscall.ENOTDIR, syscall.ELOOP, syscall.EIO, syscall.ESTALE, context.Canceled, net.ErrClosed,
}

func among(err error, list []error) bool {
	return slices.ContainsFunc(list, func(e error) bool { return errors.Is(err, e) })
}

// wayless reports whether an error is one of the way.
func wayless(err error) bool { return among(err, noWay) }

// ours reports whether an error is about this host, procward or the way, and says nothing
// about the service.
func ours(err error) bool {
	var u *unreached
	if errors.As(err, &u) {
		return u.ours()
	}
	return errors.As(err, new(*untold)) || errors.As(err, new(*net.DNSError)) || wayless(err) || among(err, lacks)
}

// judge makes a result of what went wrong. If the check could not tell, that is not the
// fault of the service.
func (b *budget) judge(err error, missing string) result {
	var u *unreached
	var timed net.Error
	switch {
	case b.brokenOff():
		return unknown("the check was broken off")
	case errors.As(err, new(*untold)) || errors.As(err, &u) && u.ours():
		return unknown("%v", err)
	case b.late() || errors.As(err, &timed) && timed.Timeout():
		return late(missing, b.timeout)
	case u == nil && ours(err):
		return unknown("%v", err)
	}
	return failure("%v", err)
}
