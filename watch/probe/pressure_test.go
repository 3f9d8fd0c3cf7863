package probe

import (
	"os"
	"path/filepath"
	"testing"
)

// busy writes pressure files and is the /proc that they are in.
func busy(t *testing.T, files map[string]string) string {
	t.Helper()
	proc := t.TempDir()
	if err := os.Mkdir(filepath.Join(proc, "pressure"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		write(t, filepath.Join(proc, "pressure", name), content)
	}
	return proc
}

func psi(some, full string) string {
	return "some avg10=" + some + " avg60=99.00 avg300=99.00 total=1\nfull avg10=" + full + " avg60=99.00 avg300=99.00 total=1\n"
}

func TestPressure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		limit Pressure
		want  string
	}{
		"idle":             {map[string]string{"cpu": psi("0.00", "0.00"), "io": psi("0.00", "0.00"), "memory": psi("0.00", "0.00")}, DefaultPressure(), ""},
		"busy":             {map[string]string{"cpu": psi("89.99", "0.00"), "io": psi("100.00", "59.99"), "memory": psi("100.00", "39.99")}, DefaultPressure(), ""},
		"cpu":              {map[string]string{"cpu": psi("90.00", "0.00")}, DefaultPressure(), "cpu some 90 %"},
		"io":               {map[string]string{"io": psi("70.00", "60.40")}, DefaultPressure(), "io full 60 %"},
		"memory":           {map[string]string{"memory": psi("70.00", "45.00"), "cpu": psi("95.00", "0.00")}, DefaultPressure(), "memory full 45 %"},
		"another limit":    {map[string]string{"cpu": psi("20.00", "0.00")}, Pressure{CPU: Share{10}}, "cpu some 20 %"},
		"never":            {map[string]string{"cpu": psi("100.00", "0.00")}, Pressure{}, ""},
		"not what we know": {map[string]string{"cpu": "some avg10=x\n\nfull\nsome total=1", "io": ""}, DefaultPressure(), ""},
		"no such kernel":   {nil, DefaultPressure(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.limit.heavy(filepath.Join(busy(t, c.files), "pressure")); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestLate holds what a check that ran out of its time counts as.
func TestLate(t *testing.T) {
	t.Parallel()
	calm, heavy := busy(t, nil), busy(t, map[string]string{"io": psi("90.00", "80.00")})
	for name, c := range map[string]struct {
		dir   string
		on    OnTimeout
		want  Outcome
		words string
	}{
		"fail":                 {calm, TimeoutFails, Failure, "no answer within 50ms"},
		"unknown":              {calm, TimeoutUnknown, Unknown, "no answer within 50ms"},
		"fail, under pressure": {heavy, TimeoutFails, Unknown, "no answer within 50ms; the host is under heavy pressure (io full 80 %), so that shows nothing"},
	} {
		p := New(Options{Proc: c.dir})
		if got := p.judgeLate(late("no answer", short), c.on); got.outcome != c.want || got.text != c.words {
			t.Errorf("%s: %v, %s", name, got.outcome, got.text)
		}
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"90%", "0.5%", "100%", "never"} {
		var s Share
		if err := s.UnmarshalText([]byte(text)); err != nil || s.String() != text {
			t.Errorf("%s: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "90", "0%", "101%", "-1%", "1e1%", "9.9999%", "Never"} {
		if new(Share).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is a share", text)
		}
	}
}
