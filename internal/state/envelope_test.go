package state

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func sample(payload string) Saved {
	return Saved{[]byte(payload), "0f0e-boot", 90 * time.Second, time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC), 17}
}

func mustEncode(t testing.TB, s Saved) []byte {
	t.Helper()
	b, err := encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEnvelope(t *testing.T) {
	want := `{"format":"procward-state","version":1,"write":17,"boot_id":"0f0e-boot","boottime_ns":90000000000,"wall":"2026-02-03T04:05:06.000007Z"}
{"a":[1,"<\u2028>"]}
"sha256:36e3`
	b := mustEncode(t, sample("{\n \"a\": [1, \"<\\u2028>\"]\n}"))
	if !strings.HasPrefix(string(b), want[:strings.Index(want, "36e3")]) {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	full := fill(b)
	if len(full) != least || full[least-1] != '\n' {
		t.Errorf("filled up to %d, ending in %q", len(full), full[len(full)-1])
	}
	for _, content := range [][]byte{b, full, append(bytes.Clone(full), "   \n"...)} {
		s, err := decode(content)
		if err != nil {
			t.Fatal(err)
		}
		if string(s.Payload) != `{"a":[1,"<\u2028>"]}` || s.Boot != "0f0e-boot" || s.Boottime != 90*time.Second || s.write != 17 || !s.Wall.Equal(sample("1").Wall) {
			t.Errorf("got back %+v", s)
		}
	}
}

func TestPayloadMustBeJSON(t *testing.T) {
	for _, payload := range []string{"", "{", "1 2", "{}x", "nul"} {
		if b, err := encode(sample(payload)); err == nil {
			t.Errorf("%q became %s", payload, b)
		}
	}
}

// resum gives content that was changed a checksum that fits.
func resum(b []byte) []byte {
	lines := bytes.SplitAfterN(b, []byte("\n"), 3)
	covered := append(bytes.Clone(lines[0]), lines[1]...)
	return append(covered, sum(covered)...)
}

func TestRefused(t *testing.T) {
	whole := mustEncode(t, sample(`{"n":1}`))
	change := func(from, to string) []byte { return bytes.Replace(whole, []byte(from), []byte(to), 1) }
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"nothing":                  {nil, ErrForeign},
		"another file":             {[]byte("{\"n\": 1}\n"), ErrForeign},
		"another format":           {resum(change("procward-state", "procward-stats")), ErrForeign},
		"cut in the header":        {whole[:40], ErrTorn},
		"cut in the payload":       {whole[:len(whole)-80], ErrTorn},
		"without the last newline": {whole[:len(whole)-1], ErrTorn},
		"another number":           {change(`"n":1`, `"n":2`), ErrTorn},
		"another boot":             {change("0f0e", "1f0e"), ErrTorn},
		"something behind":         {append(bytes.Clone(whole), "}"...), ErrTorn},
		"a newer version":          {resum(change(`"version":1`, `"version":2,"new":3`)), ErrNewer},
		"an unknown key":           {resum(change(`"version":1`, `"version":1,"new":3`)), ErrForeign},
		"a short header":           {resum([]byte("{\"format\":\"procward-state\"}\n1\n")), ErrForeign},
		"version 0":                {resum(change(`"version":1`, `"version":0`)), ErrForeign},
		"no JSON":                  {resum(change(`{"n":1}`, `{"n":1`)), ErrForeign},
	} {
		if s, err := decode(c.content); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// FuzzDecode: no bytes make it panic, and what it takes is what encode writes, so that no
// change of any byte goes unseen. The second half of the checks is let in by a checksum
// that fits.
func FuzzDecode(f *testing.F) {
	whole := mustEncode(f, sample(`{"n":1}`))
	f.Add(whole, false)
	f.Add(fill(whole), false)
	f.Add(whole[:50], false)
	f.Add(bytes.Replace(whole, []byte("17"), []byte("1e1"), 1), true)
	f.Add([]byte("{\"format\":\"procward-state\",\"version\":9}\n1\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, fit bool) {
		if fit && bytes.Count(b, []byte("\n")) >= 2 {
			b = resum(b)
		}
		s, err := decode(b)
		if err != nil {
			if len(s.Payload) > 0 {
				t.Errorf("an error and a payload %q", s.Payload)
			}
			return
		}
		again := mustEncode(t, s)
		if !bytes.HasPrefix(b, again) || len(bytes.Trim(b[len(again):], " \n")) > 0 {
			t.Errorf("%q was taken, but is not what is written: %q", b, again)
		}
	})
}
