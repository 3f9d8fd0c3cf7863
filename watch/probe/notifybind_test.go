package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/account"
)

// stat is of a file itself, where it is a link.
func stat(t *testing.T, path string) unix.Stat_t {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatal(path, err)
	}
	return st
}

// TestNotifyBind holds whose the socket is and who may write to it, and that nothing stays.
func TestNotifyBind(t *testing.T) {
	t.Parallel()
	dir := socketDir(t)
	cred := unprivileged(t, dir)
	path, user, uid := filepath.Join(dir, "s"), "", uint32(os.Geteuid())
	if cred != nil {
		user, uid = "nobody", cred.Uid
	}
	for range 2 { // the second one in the place of a dead one
		n, uids, err := bind(path, user, nil)
		if err != nil {
			t.Fatal(err)
		}
		if st := stat(t, path); st.Mode != unix.S_IFSOCK|0o600 || st.Uid != uid || uids[2] != uid {
			t.Errorf("mode %o, of %d, for %v; want %d", st.Mode, st.Uid, uids, uid)
		}
		if _, _, err := bind(path, user, nil); err == nil || !strings.Contains(err.Error(), "somebody listens there") {
			t.Error(err)
		}
		n.conn.Close()
	}
	n, _, err := bind(path, user, nil)
	if err != nil {
		t.Fatal(err)
	}
	n.clear()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	victim := filepath.Join(dir, "victim")
	write(t, victim, "mine")
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := bind(path, user, nil); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Error("over a link: ", err)
	}
}

// TestNotifyBindIsRaced holds that whoever may write the directory of a notify socket changes
// no file of root's by putting it in the place of the socket.
func TestNotifyBindIsRaced(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to give the socket away")
	}
	top := socketDir(t)
	dir := filepath.Join(top, "d")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	unprivileged(t, dir)
	victim := filepath.Join(top, "victim")
	write(t, victim, "root's")
	before := stat(t, victim)
	path, done, ended := filepath.Join(dir, "s"), make(chan struct{}), make(chan struct{})
	var won atomic.Int64
	go func() {
		defer close(ended)
		for i := 0; !over(done); i++ {
			if os.Rename(path, path+".away") != nil {
				continue
			}
			won.Add(1)
			if i%2 == 0 {
				_ = os.Symlink(victim, path)
			} else {
				_ = os.Link(victim, path)
			}
			_ = os.Remove(path)
		}
	}()
	eventually(t, "the socket is taken away again and again", func() bool {
		for range 20 {
			if n, _, err := bind(path, "nobody", nil); err == nil {
				n.clear()
			}
		}
		return won.Load() >= 200
	})
	close(done)
	<-ended
	if after := stat(t, victim); after.Mode != before.Mode || after.Uid != before.Uid {
		t.Errorf("mode %o, of %d; it was %o, of %d", after.Mode, after.Uid, before.Mode, before.Uid)
	}
}

// A user may be known to the name service alone.
func TestNotifyBindAsksForTheUser(t *testing.T) {
	t.Parallel()
	const user = "only-in-ldap"
	own := os.Geteuid()
	ask := func(question ...string) (string, error) {
		if strings.Join(question, " ") != "passwd "+user {
			return "", account.ErrUnknown
		}
		return fmt.Sprintf("%s:x:%d:%d::/:/bin/sh\n", user, own, os.Getegid()), nil
	}
	path := filepath.Join(socketDir(t), "s")
	n, uids, err := bind(path, user, ask)
	if err != nil || uids[2] != uint32(own) {
		t.Fatalf("heard are %v; %v", uids, err)
	}
	n.clear()
	if _, _, err := bind(path, "nobody-of-this-name", ask); err == nil || !strings.Contains(err.Error(), `there is no user "nobody-of-this-name"`) {
		t.Errorf("an unknown user: %v", err)
	}
}
