package systemd

import "testing"

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
