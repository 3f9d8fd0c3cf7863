package systemd

import "testing"

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

func TestEscape(t *testing.T) {
	for name, want := range map[string]string{
		"httpd.service":   "httpd_2eservice",
		"1st@a_b.service": "_31st_40a_5fb_2eservice",
		"":                "_",
		"ü":               "_c3_bc",
	} {
		if got := escape(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
