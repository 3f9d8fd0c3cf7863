package control

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"procward/internal/account"

	"golang.org/x/sys/unix"
)

// peer is the process at the other end of a connection, as the kernel noted it when the
// connection was made (SO_PEERCRED, unix(7)); nobody if the kernel does not tell.
type peer struct {
	known bool
	uid   uint32
	pid   int32
}

func peerOf(c net.Conn) peer {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return peer{}
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return peer{}
	}
	var cred *unix.Ucred
	ctlErr := raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if ctlErr != nil || err != nil {
		return peer{}
	}
	return peer{known: true, uid: cred.Uid, pid: cred.Pid}
}

// trusted reports whether the peer is root or the user own.
func (p peer) trusted(own int) bool {
	return p.known && (p.uid == 0 || int64(p.uid) == int64(own))
}

// String names the user, by name and number.
func (p peer) String() string {
	if !p.known {
		return "a caller who cannot be identified"
	}
	id := strconv.FormatUint(uint64(p.uid), 10)
	if name := account.NameOf(p.uid, nil); name != id {
		return fmt.Sprintf("%s (user id %s)", name, id)
	}
	return "user id " + id
}

// The peer belongs to the connection; net/http passes such values to its handlers in a
// context.
type peerKey struct{}

func withPeer(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, peerOf(c))
}

func peerFrom(ctx context.Context) peer {
	p, _ := ctx.Value(peerKey{}).(peer)
	return p
}
