package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"procward/internal/account"
)

// user is the user that a script runs as.
type user struct {
	name       string
	uid        uint32
	credential *syscall.Credential // nil: as we are
	login      map[string]string   // the variables about him
}

// accountOf looks a user up by name or number, with the group and the supplementary
// groups that a login would have. An empty name is the daemon's own user. The account
// is read anew each time, because it can change while the daemon runs.
func accountOf(name string) (user, error) {
	own := os.Geteuid()
	if name == "" {
		return user{name: "our own user " + strconv.Itoa(own), uid: uint32(own)}, nil
	}
	a, err := account.Find(name, getent)
	if errors.Is(err, account.ErrUnknown) {
		return user{}, fmt.Errorf("there is no user %q", name)
	}
	if err != nil {
		return user{}, err
	}
	who := user{name: a.Name, uid: a.UID, login: a.Environment()}
	if int(a.UID) == own {
		return who, nil
	}
	if own != 0 {
		return user{}, fmt.Errorf("only root can run a script as another user (%s): start procward as root", name)
	}
	groups, err := a.Groups(getent)
	if err != nil {
		return user{}, err
	}
	who.credential = &syscall.Credential{Uid: a.UID, Gid: a.GID, Groups: groups}
	return who, nil
}

// getentTime limits a question to the name service.
const getentTime = 5 * time.Second

// getent asks the name service. A launcher is a process of its own, which may wait.
func getent(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), getentTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/usr/bin/getent", arguments...)
	cmd.Env, cmd.Dir = []string{"PATH=/usr/bin:/bin"}, "/"
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("getent %s has not answered within %v", strings.Join(arguments, " "), getentTime)
	case errors.As(err, &exit) && exit.ExitCode() == 2, errors.Is(err, os.ErrNotExist):
		return "", account.ErrUnknown
	}
	return string(out), err
}

// environment is what a program is given, and after that the variables about its user.
func environment(given []string, who user) []string {
	env := slices.Clone(given)
	for name, value := range who.login {
		if !slices.ContainsFunc(given, func(s string) bool { return strings.HasPrefix(s, name+"=") }) {
			env = append(env, name+"="+value)
		}
	}
	slices.Sort(env)
	return env
}
