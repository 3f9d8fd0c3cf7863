package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSample(t *testing.T) {
	for _, c := range []struct {
		s     sample
		share float64
		want  time.Duration
	}{
		{nil, 0.5, 0},
		{sample{7}, 0.9, 7},
		{sample{30, 10, 20}, 0.5, 20},
		{sample{10, 40, 20, 30}, 0.5, 25},
		{sample{10, 20, 30, 40, 50}, 0, 10},
		{sample{10, 20, 30, 40, 50}, 1, 50},
	} {
		if got := c.s.at(c.share); got != c.want {
			t.Errorf("%v at %v: %v, want %v", c.s, c.share, got, c.want)
		}
	}
}

func TestShow(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.00 µs", 1234 * time.Nanosecond: "1.23 µs", 215 * time.Microsecond: "215 µs",
		2400 * time.Microsecond: "2.40 ms", 1699 * time.Millisecond: "1.70 s", 30 * time.Second: "30.0 s",
	} {
		if got := show(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{7: "7", 300: "300", 1000: "1,000", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	ten, twelve := sample{10, 10, 10}, sample{12, 12, 12}
	for _, c := range []struct {
		r    row
		want verdict
	}{
		{against("", ten, twelve, 1.25), met},
		{against("", ten, twelve, 1.1), missed},
		{against("", ten, twelve, 0), none},
		{against("", nil, twelve, 1.1), failed},
		{against("", ten, nil, 0), failed},
		{within("", ten, 10), met},
		{within("", ten, 9), missed},
		{within("", nil, 9), failed},
		{counted("", []int{5, 5}, 5, 0), met},
		{counted("", []int{5, 4}, 5, 0), missed},
		{counted("", []int{5, 5}, 5, 1), missed},
	} {
		if c.r.verdict != c.want {
			t.Errorf("%+v: want %q", c.r, c.want)
		}
	}
}

// A run of one kind must leave what the other kind wrote.
func TestSectionsKeepToThemselves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	for _, s := range []section{
		{name: sectionBench, title: "Old bench"},
		{name: sectionPeers, title: "Peers"},
		{name: sectionBench, title: "New bench", tables: []table{{title: "T", rows: []row{{what: "a", ours: "b", verdict: missed}}}}},
	} {
		if err := s.write(path); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{"# Benchmarks\n", "## New bench\n", "## Peers\n", "| what | procward |  |\n|---|---|---|\n| a | b | **missed** |\n"} {
		if strings.Count(page, want) != 1 {
			t.Errorf("the page has %q %d times:\n%s", want, strings.Count(page, want), page)
		}
	}
	if strings.Contains(page, "Old bench") {
		t.Error("the old section is still there")
	}
}

func TestPageWithoutMarksIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (section{name: sectionBench}).write(path); err == nil {
		t.Error("written into a page that has no place for it")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestRecord(t *testing.T) {
	got, err := parse("T bench-runit 4711 123456789")
	if want := (record{targetUp, "bench-runit", 4711, 123456789}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if _, err := parse("T bench-runit"); err == nil {
		t.Error("half a record is taken for one")
	}
}
