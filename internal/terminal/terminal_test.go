package terminal

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                     "0s",
		0:                                "0s",
		900 * time.Millisecond:           "0s",
		59 * time.Second:                 "59s",
		time.Minute:                      "1m",
		time.Hour + 59*time.Second:       "1h",
		3*24*time.Hour + 4*time.Hour + 1: "3d 4h",
		400 * 24 * time.Hour:             "400d",
	} {
		if got := Age(d); got != want {
			t.Errorf("age(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	rows := [][]Cell{
		{{"NAME", Bold}, {"STATE", Bold}, {"NOW", Bold}},
		{{"überlang", None}, {"up", Green}, {}},
		{{}, {}, {"more", None}},
		{{"x", None}},
	}
	want := "NAME      STATE  NOW\nüberlang  up\n                 more\nx\n"
	var plainText, coloured bytes.Buffer
	Writer{&plainText, false}.Table(rows)
	Writer{&coloured, true}.Table(rows)
	if plainText.String() != want {
		t.Errorf("table:\n%swant:\n%s", plainText.String(), want)
	}
	stripped := strings.NewReplacer(string(Bold), "", string(Green), "", plain, "").Replace(coloured.String())
	if stripped != want || stripped == coloured.String() {
		t.Errorf("coloured table %q", coloured.String())
	}
}

func TestCut(t *testing.T) {
	if got := Cut("日本語日本語", 5); got != "日本..." {
		t.Errorf("cut = %q", got)
	}
	if got := Cut("short", 5); got != "short" {
		t.Errorf("cut = %q", got)
	}
}
