package visible

import "testing"

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		`plain "text" \n`:      `plain "text" \n`,
		"\x1b[31mred\x07":      `\x1b[31mred\a`,
		"tab\tnew\nline":       `tab\tnew\nline`,
		"über 日本":              "über 日本",
		"\xff\xfe":             `\xff\xfe`,
		"\u202eback\u0085":     `\u202eback\u0085`,
		"a replacement \ufffd": "a replacement \ufffd",
		"":                     "",
	} {
		if got := Line(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}
