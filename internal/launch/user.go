package launch

import (
	"fmt"
	"os"
	osuser "os/user"
	"strconv"
	"syscall"
)

// user is who runs a script.
type user struct {
	name       string
	uid        uint32
	credential *syscall.Credential // nil: as we are
}

// account looks a user up by name or number, with the group and the supplementary
// groups that a login would have. An empty name is the daemon's own user. The account
// is read anew each time, because it can change while the daemon runs.
func account(name string) (user, error) {
	own := os.Geteuid()
	if name == "" {
		return user{name: "our own user " + strconv.Itoa(own), uid: uint32(own)}, nil
	}
	u, err := osuser.Lookup(name)
	if err != nil {
		if u, err = osuser.LookupId(name); err != nil {
			return user{}, fmt.Errorf("there is no user %q", name)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return user{}, fmt.Errorf("user %q: %w", name, err)
	}
	who := user{name: u.Username, uid: uint32(uid)}
	if int(uid) == own {
		return who, nil
	}
	if own != 0 {
		return user{}, fmt.Errorf("only root can run a script as another user (%s): start procward as root", name)
	}
	who.credential, err = credential(u)
	return who, err
}

func credential(u *osuser.User) (*syscall.Credential, error) {
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of the user %s: %w", u.Username, err)
	}
	var groups []uint32
	for _, id := range append([]string{u.Uid, u.Gid}, ids...) {
		n, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", u.Username, err)
		}
		groups = append(groups, uint32(n))
	}
	return &syscall.Credential{Uid: groups[0], Gid: groups[1], Groups: groups[2:]}, nil
}
