// Package account finds the users of this host: those in /etc/passwd, and by getent(1)
// those that only its name service knows (LDAP, SSSD, systemd's dynamic users). procward
// is a static program, which cannot ask the name service itself.
package account

import (
	"errors"
	"fmt"
	"os"
	osuser "os/user"
	"strconv"
	"strings"
)

// Account is a user, as passwd(5) has it.
type Account struct {
	Name        string
	UID, GID    uint32
	Home, Shell string
}

// ErrUnknown is the error for a user that nobody knows.
var ErrUnknown = errors.New("there is no such user")

// Ask runs getent with arguments and returns its output. It takes a limited time. The
// error is ErrUnknown if getent finds nothing (its exit code 2).
type Ask func(arguments ...string) (string, error)

// Find looks up a user by name or number. Without ask it reads the files only.
func Find(name string, ask Ask) (Account, error) {
	text, err := os.ReadFile("/etc/passwd")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Account{}, fmt.Errorf("look up user %q: %w", name, err)
	}
	if a, ok := among(string(text), name); ok {
		return a, nil
	}
	if ask == nil {
		return Account{}, fmt.Errorf("user %q: %w", name, ErrUnknown)
	}
	answer, err := ask("passwd", name)
	if err != nil {
		return Account{}, fmt.Errorf("user %q: %w", name, err)
	}
	if a, ok := among(answer, name); ok {
		return a, nil
	}
	return Account{}, fmt.Errorf("user %q: getent says %q: %w", name, answer, ErrUnknown)
}

// NameOf is the name of a user id, or the number if it has none that can be found. Without
// ask only the files are read.
func NameOf(uid uint32, ask Ask) string {
	number := strconv.FormatUint(uint64(uid), 10)
	if a, err := Find(number, ask); err == nil && a.UID == uid {
		return a.Name
	}
	return number
}

// among finds a user in lines of passwd(5): by name, else by number.
func among(text, name string) (Account, bool) {
	var byNumber Account
	found := false
	for line := range strings.Lines(text) {
		a, ok := parse(strings.TrimSuffix(line, "\n"))
		switch {
		case !ok:
		case a.Name == name:
			return a, true
		case !found && strconv.FormatUint(uint64(a.UID), 10) == name:
			byNumber, found = a, true
		}
	}
	return byNumber, found
}

func parse(line string) (Account, bool) {
	f := strings.Split(line, ":")
	if len(f) != 7 || f[0] == "" || strings.HasPrefix(f[0], "#") {
		return Account{}, false
	}
	uid, err1 := strconv.ParseUint(f[2], 10, 32)
	gid, err2 := strconv.ParseUint(f[3], 10, 32)
	return Account{Name: f[0], UID: uint32(uid), GID: uint32(gid), Home: f[5], Shell: f[6]}, err1 == nil && err2 == nil
}

// Groups returns the supplementary groups that the user would have after a login. The
// name service is asked if it may know more than /etc/group.
func (a Account) Groups(ask Ask) ([]uint32, error) {
	if ask != nil && beyondFiles() {
		if answer, err := ask("initgroups", a.Name); err == nil {
			if f := strings.Fields(answer); len(f) > 0 {
				return numbers(f[1:])
			}
		}
	}
	u := &osuser.User{Username: a.Name, Uid: strconv.FormatUint(uint64(a.UID), 10), Gid: strconv.FormatUint(uint64(a.GID), 10)}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of the user %s: %w", a.Name, err)
	}
	return numbers(ids)
}

func numbers(words []string) ([]uint32, error) {
	out := make([]uint32, 0, len(words))
	for _, w := range words {
		n, err := strconv.ParseUint(w, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("group %q: %w", w, err)
		}
		out = append(out, uint32(n))
	}
	return out, nil
}

// beyondFiles reports whether nsswitch.conf(5) names other sources than files for groups.
func beyondFiles() bool {
	text, err := os.ReadFile("/etc/nsswitch.conf")
	if err != nil {
		return false
	}
	return namesMore(string(text))
}

func namesMore(text string) bool {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		database, sources, _ := strings.Cut(line, ":")
		if database = strings.TrimSpace(database); database != "group" && database != "initgroups" {
			continue
		}
		for _, s := range strings.Fields(sources) {
			if s != "files" && s != "compat" && s != "systemd" && !strings.HasPrefix(s, "[") {
				return true
			}
		}
	}
	return false
}

// Environment returns USER, LOGNAME, HOME and SHELL as systemd.exec(5) gives them to a
// service with User=. A home of / and a shell that refuses logins are left out.
func (a Account) Environment() map[string]string {
	env := map[string]string{"USER": a.Name, "LOGNAME": a.Name}
	if a.Home != "" && a.Home != "/" {
		env["HOME"] = a.Home
	}
	switch a.Shell {
	case "", "/", "/bin/false", "/usr/bin/false", "/sbin/nologin", "/usr/sbin/nologin", "/bin/nologin", "/usr/bin/nologin":
	default:
		env["SHELL"] = a.Shell
	}
	return env
}
