package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// event is one line of go test -json (cmd/test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of what is built
	Test       string
	Elapsed    float64
	Output     string
}

// test is one test of a package; the package itself is the test without a name.
type test struct{ pkg, name string }

// report is what go test has said so far.
type report struct {
	w                       io.Writer
	said                    map[test][]string // of those that have not ended
	bad                     map[string]bool   // packages with a test that failed
	why                     map[string]int    // how often something was the reason to skip
	passed, failed, skipped int
}

func newReport(w io.Writer) *report {
	return &report{w: w, said: map[test][]string{}, bad: map[string]bool{}, why: map[string]int{}}
}

// read takes in the events. What is no event, as the words of a program that wrote to the
// output of its test binary, is passed on.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &e) != nil:
			fmt.Fprintf(r.w, "%s", line)
		default:
			r.take(e)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
	which := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.w, e.Output)
	case "output":
		r.said[which] = append(r.said[which], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packageEnds(e)
		} else {
			r.testEnds(which, e.Action)
		}
		delete(r.said, which)
	}
}

func (r *report) testEnds(which test, how string) {
	switch how {
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
		r.why[reason(r.said[which])]++
	case "fail":
		r.failed++
		r.bad[which.pkg] = true
		r.show(which)
	}
}

// packageEnds shows what no test of a package has said only where something is wrong; a
// package that fails without a failed test (it does not build, it was ended) counts as one.
func (r *report) packageEnds(e event) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.w, "ok   %s %.1fs\n", e.Package, e.Elapsed)
		return
	case "skip":
		return // it has no tests
	}
	for which := range r.said { // under way when it ended
		if which.pkg == e.Package && which.name != "" {
			r.failed++
			r.bad[e.Package] = true
			r.show(which)
		}
	}
	if !r.bad[e.Package] {
		r.failed++
	}
	r.show(test{pkg: e.Package})
	fmt.Fprintf(r.w, "FAIL %s %.1fs\n", e.Package, e.Elapsed)
}

func (r *report) show(which test) {
	for _, line := range r.said[which] {
		fmt.Fprint(r.w, line)
	}
	delete(r.said, which)
}

// close writes the closing lines.
func (r *report) close() {
	if r.skipped > 0 {
		fmt.Fprintf(r.w, "skipped: %s\n", strings.Join(r.reasons(), "; "))
	}
	fmt.Fprintf(r.w, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
}

// reasons is why tests were skipped, the most frequent first.
func (r *report) reasons() []string {
	words := slices.SortedFunc(maps.Keys(r.why), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.why[b], r.why[a]), cmp.Compare(a, b))
	})
	for i, word := range words {
		if n := r.why[word]; n > 1 {
			words[i] = fmt.Sprintf("%s (%d)", word, n)
		}
	}
	return words
}

var (
	place  = regexp.MustCompile(`^\s*(\S+_test\.go:\d+: )?`)
	frames = regexp.MustCompile(`^\s*(=== |--- )`)
)

// reason is what a test has said last before it was skipped.
func reason(said []string) string {
	for _, line := range slices.Backward(said) {
		line = strings.TrimSpace(line)
		if line == "" || frames.MatchString(line) {
			continue
		}
		return place.ReplaceAllString(line, "")
	}
	return "no reason given"
}
