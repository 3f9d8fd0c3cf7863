package probe

import (
	"path/filepath"
	"testing"
)

// busy writes pressure files and is where they are.
func busy(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		write(t, filepath.Join(dir, name), content)
	}
	return dir
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
		"idle":             {map[string]string{"cpu": psi("0.00", "0.00"), "io": psi("0.00", "0.00"), "memory": psi("0.00", "0.00")}, Pressure{}, ""},
		"busy":             {map[string]string{"cpu": psi("89.99", "0.00"), "io": psi("100.00", "59.99"), "memory": psi("100.00", "39.99")}, Pressure{}, ""},
		"cpu":              {map[string]string{"cpu": psi("90.00", "0.00")}, Pressure{}, "cpu some 90 %"},
		"io":               {map[string]string{"io": psi("70.00", "60.40")}, Pressure{}, "io full 60 %"},
		"memory":           {map[string]string{"memory": psi("70.00", "45.00"), "cpu": psi("95.00", "0.00")}, Pressure{}, "memory full 45 %"},
		"another limit":    {map[string]string{"cpu": psi("20.00", "0.00")}, Pressure{CPU: 10}, "cpu some 20 %"},
		"never":            {map[string]string{"cpu": psi("100.00", "0.00")}, Pressure{CPU: 101}, ""},
		"not what we know": {map[string]string{"cpu": "some avg10=x\n\nfull\nsome total=1", "io": ""}, Pressure{}, ""},
		"no such kernel":   {nil, Pressure{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.limit.Dir = busy(t, c.files)
			if got := c.limit.heavy(); got != c.want {
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
		p := New(Options{Pressure: Pressure{Dir: c.dir}})
		if got := p.judgeLate(late("no answer", short), c.on); got.outcome != c.want || got.text != c.words {
			t.Errorf("%s: %v, %s", name, got.outcome, got.text)
		}
	}
}
