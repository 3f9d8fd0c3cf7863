package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"procward/internal/account"
	"procward/internal/trust"
)

// nest is the directory of a notify socket. The directory may belong to another user, who
// may replace the socket at any time: so it is opened once, and nothing in it ever gets
// another mode or owner by its name.
type nest struct {
	dir  *os.File
	name string
	conn *net.UnixConn
	file inode // of the socket
}

// inode identifies a file; the zero value is none.
type inode struct{ dev, ino uint64 }

// inodeAt is the inode of a name in a directory; of a link it is the link itself.
func inodeAt(dir int, name string) inode {
	var st unix.Stat_t
	if unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return inode{}
	}
	return inode{uint64(st.Dev), st.Ino}
}

// bind makes the socket, so that only the user may write to it, in place of one that
// nobody reads any more. The nest must be cleared, also after an error.
func bind(path, user string, ask account.Ask) (nest, []uint32, error) {
	own := uint32(os.Geteuid())
	uid := own
	if user != "" {
		a, err := account.Find(user, ask)
		if errors.Is(err, account.ErrUnknown) {
			err = fmt.Errorf("there is no user %q", user)
		}
		if err != nil {
			return nest{}, nil, err
		}
		uid = a.UID
	}
	n := nest{name: filepath.Base(path)}
	var err error
	if n.dir, err = os.OpenFile(filepath.Dir(path), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0); err == nil {
		err = n.fill(path, uid, own)
	}
	if err != nil {
		n.clear()
		return nest{}, nil, fmt.Errorf("make the socket %s: %w", path, err)
	}
	return n, []uint32{0, own, uid}, nil
}

// fill makes the socket in the directory that was opened.
func (n *nest) fill(path string, uid, own uint32) error {
	if err := n.removeStale(); err != nil {
		return err
	}
	at := trust.Within(n.dir, n.name)
	if own == 0 && trust.Check(filepath.Dir(path), 0) == nil {
		at = path // nobody can redirect it, and ss(8) shows this name
	}
	config := net.ListenConfig{Control: prepare}
	conn, err := config.ListenPacket(context.Background(), "unixgram", at)
	if err != nil {
		return err
	}
	n.conn = conn.(*net.UnixConn)
	n.file = inodeAt(int(n.dir.Fd()), n.name)
	if uid == own {
		return nil
	}
	file, err := n.open(own)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	if own == 0 {
		return os.NewSyscallError("fchown", unix.Fchownat(file, "", int(uid), -1, unix.AT_EMPTY_PATH))
	}
	// Only root can give the socket to the user. Without root everybody may write, and only
	// the user is heard.
	return os.Chmod(fmt.Sprintf("/proc/self/fd/%d", file), 0o666)
}

// prepare gives the socket its mode before it has a path: the file is made with it
// (unix(7)). It also asks the kernel to say who writes.
func prepare(_, _ string, raw syscall.RawConn) error {
	var mode, pass error
	err := raw.Control(func(fd uintptr) {
		mode = unix.Fchmod(int(fd), 0o600)
		pass = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	})
	return errors.Join(err, os.NewSyscallError("fchmod", mode), os.NewSyscallError("setsockopt SO_PASSCRED", pass))
}

// siocunixfile opens exactly the file that a socket is bound to, whatever has its name
// now (linux/un.h, 4.20). It needs CAP_NET_ADMIN.
const siocunixfile = 0x89e0

// open is an O_PATH descriptor of the socket's file. If the kernel does not give it, it
// is found by name, but only in a directory of ours: in another one it might belong to
// somebody else.
func (n *nest) open(own uint32) (int, error) {
	raw, err := n.conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	file := -1
	var why error
	if err := raw.Control(func(fd uintptr) { file, why = unix.IoctlRetInt(int(fd), siocunixfile) }); err != nil || why == nil {
		return file, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(n.dir.Fd()), &st); err != nil {
		return -1, err
	}
	if st.Uid != own || st.Mode&0o022 != 0 {
		return -1, fmt.Errorf("it cannot be given to its user in a directory that others may write: take one of procward's own: %w", why)
	}
	return unix.Openat(int(n.dir.Fd()), n.name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
}

// removeStale removes a socket that nobody reads.
func (n *nest) removeStale() error {
	file, err := unix.Openat(int(n.dir.Fd()), n.name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil
	case err != nil:
		return err
	}
	defer unix.Close(file)
	var st unix.Stat_t
	switch err := unix.Fstat(file, &st); {
	case err != nil:
		return err
	case st.Mode&unix.S_IFMT != unix.S_IFSOCK:
		return errors.New("there is a file that is no socket: remove it, or take another path")
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: fmt.Sprintf("/proc/self/fd/%d", file), Net: "unixgram"})
	if err == nil {
		conn.Close()
		return errors.New("somebody listens there: give each check a path of its own")
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	return n.remove()
}

// remove removes the name from its directory. The user who may write the directory
// decides what is there; nothing outside of it can be reached.
func (n *nest) remove() error {
	err := unix.Unlinkat(int(n.dir.Fd()), n.name, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// clear removes the socket and closes what is open.
func (n *nest) clear() {
	if n.conn != nil {
		if inodeAt(int(n.dir.Fd()), n.name) == n.file { // otherwise it belongs to somebody else by now
			_ = n.remove()
		}
		n.conn.Close()
	}
	if n.dir != nil {
		n.dir.Close()
	}
}
