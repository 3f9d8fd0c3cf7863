package account

import (
	"errors"
	"maps"
	"testing"
)

func TestFind(t *testing.T) {
	asked := ""
	ask := func(arguments ...string) (string, error) {
		asked = arguments[1]
		if asked == "remote" || asked == "70001" {
			return "remote:*:70001:70002:Some One:/home/remote:/bin/bash\n", nil
		}
		return "", ErrUnknown
	}
	if a, err := Find("root", ask); err != nil || a.UID != 0 || asked != "" {
		t.Errorf("root: %+v, %v, asked for %q", a, err, asked)
	}
	for _, name := range []string{"remote", "70001"} {
		want := Account{Name: "remote", UID: 70001, GID: 70002, Home: "/home/remote", Shell: "/bin/bash"}
		if a, err := Find(name, ask); err != nil || a != want {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	for _, ask := range []Ask{nil, ask} {
		if _, err := Find("nobody-of-this-name", ask); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
	}
}

func TestNameOf(t *testing.T) {
	ask := func(arguments ...string) (string, error) {
		switch arguments[1] {
		case "70001":
			return "remote:*:70001:70002:Some One:/home/remote:/bin/bash\n", nil
		case "70002": // the name of another user
			return "70002:*:7:7::/:/bin/sh\n", nil
		}
		return "", ErrUnknown
	}
	for uid, want := range map[uint32]string{0: "root", 70001: "remote", 70002: "70002", 70003: "70003"} {
		if got := NameOf(uid, ask); got != want {
			t.Errorf("%d is %s", uid, got)
		}
	}
	if got := NameOf(70001, nil); got != "70001" {
		t.Errorf("of the files alone: %s", got)
	}
}

func TestGroupsByTheNameService(t *testing.T) {
	for text, want := range map[string]bool{
		"group: files systemd\n": false, "group:\tfiles [SUCCESS=merge] systemd\n": false, "# group: ldap\n": false,
		"group: files sss\n": true, "passwd: sss\ngroup: files\ninitgroups: ldap": true, "": false,
	} {
		if namesMore(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	for a, want := range map[Account]map[string]string{
		{Name: "root", Home: "/root", Shell: "/bin/bash"}:                {"USER": "root", "LOGNAME": "root", "HOME": "/root", "SHELL": "/bin/bash"},
		{Name: "www", Home: "/var/www", Shell: "/usr/sbin/nologin"}:      {"USER": "www", "LOGNAME": "www", "HOME": "/var/www"},
		{Name: "systemd-network", Home: "/", Shell: "/usr/sbin/nologin"}: {"USER": "systemd-network", "LOGNAME": "systemd-network"},
	} {
		if got := a.Environment(); !maps.Equal(got, want) {
			t.Errorf("%+v: %v", a, got)
		}
	}
}
