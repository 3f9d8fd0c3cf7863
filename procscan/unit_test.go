package procscan

import (
	"testing"

	"procward/internal/procfile"
)

func TestUnitPath(t *testing.T) {
	cpu := procfile.Group{Controllers: "cpu,cpuacct", Path: "/cpu"}
	named := func(path string) procfile.Group { return procfile.Group{Controllers: "name=systemd", Path: path} }
	unified := func(path string) procfile.Group { return procfile.Group{Path: path} }
	tests := map[string]struct {
		groups []procfile.Group
		want   string
	}{
		"none":                  {nil, ""},
		"unified":               {[]procfile.Group{unified("/a.service")}, "/a.service"},
		"unified, deleted":      {[]procfile.Group{unified("/a.service (deleted)")}, "/a.service"},
		"v1":                    {[]procfile.Group{cpu, named("/a.service")}, "/a.service"},
		"hybrid":                {[]procfile.Group{cpu, named("/a.service"), unified("/")}, "/a.service"},
		"hybrid, both":          {[]procfile.Group{cpu, named("/a.service"), unified("/b.service")}, "/a.service"},
		"unified beside others": {[]procfile.Group{cpu, named("/"), unified("/b.service")}, "/b.service"},
		"all in the root":       {[]procfile.Group{cpu, named("/"), unified("/")}, "/"},
	}
	for name, test := range tests {
		if got := unitPath(test.groups); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestInUnit(t *testing.T) {
	tests := []struct {
		path, want string
		holds      bool
	}{
		{"/system.slice/httpd.service", "httpd.service", true},
		{"/system.slice/httpd.service", "system.slice/httpd.service", true},
		{"/system.slice/httpd.service", "/system.slice/httpd.service", true},
		{"/system.slice/httpd.service", "slice/httpd.service", false},
		{"/system.slice/httpd.service", "pd.service", false},
		{"/system.slice/httpd.service", "httpd", false},
		{"/system.slice/httpd.service", "/x/system.slice/httpd.service", false},
		{"/system.slice/httpd.service/a/b", "httpd.service", true}, // delegated
		{"/system.slice/httpd.service/a/b", "system.slice/httpd.service", false},
		{"/system.slice/httpd.service/a/b", "a/b", true},
		{"/system.slice/httpd.service/a/b", "a", false},
		{"/user.slice/user-0.slice/session-1.scope", "user.slice", true},
		{"/user.slice/user-0.slice/session-1.scope", "session-1.scope", true},
		{"/docker/0123abc", "0123abc", true},
		{"/docker/0123abc/x", "0123abc", false},
		{"/system.slice/_cpu.service", "cpu.service", true}, // as systemd escapes it
		{"/system.slice/_cpu.service", "_cpu.service", true},
		{"/", "httpd.service", false},
		{"", "httpd.service", false},
		{"/../../httpd.service", "httpd.service", true},
	}
	for _, test := range tests {
		if got := inUnit(test.path, components(test.want)); got != test.holds {
			t.Errorf("%q in %q: %v", test.path, test.want, got)
		}
	}
}

func TestUnitOf(t *testing.T) {
	for path, want := range map[string]string{
		"/system.slice/httpd.service":                         "httpd.service",
		"/system.slice/system-getty.slice/getty@tty1.service": "getty@tty1.service",
		"/system.slice/docker.service/delegated/worker":       "docker.service",
		"/httpd.service":                           "httpd.service",
		"/system.slice/_cpu.service":               "cpu.service",
		"/user.slice/user-0.slice/session-3.scope": "",
		"/user.slice/user-1000.slice/user@1000.service/app.slice/a.service":          "user@1000.service",
		"/machine.slice/libpod-0123.scope/container/system.slice/inner.service":      "",
		"/machine.slice/systemd-nspawn@a.service/payload/system.slice/inner.service": "systemd-nspawn@a.service",
		"/init.scope":                     "",
		"/system.slice":                   "",
		"/":                               "",
		"":                                "",
		"/system.slice/a.service.d":       "",
		`/system.slice/dev-\x2d.service/`: `dev-\x2d.service`,
	} {
		if got := UnitOf(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
