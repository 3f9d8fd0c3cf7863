package message

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// contract are the event words of the design that the catalogue has today; more are
// the words added since.
var (
	contract = []string{
		"started", "stopped", "found", "down", "replaced", "absent", "excess", "unreadable", "restart", "restart-failed", "recovered", "exhausted",
		"group-stop", "group-start", "group-failed", "rung", "rung-failed", "rung-passed", "rung-refused", "given-up", "cause", "killed", "unkillable",
		"config-loaded", "config-rejected", "suspended", "resumed", "operator", "probe-failed", "probe-ok", "stall",
	}
	more = []string{
		"let-be", "stranger", "doubled", "shared", "rival", "untold",
		"fallback", "messages-dropped", "observe", "waiting", "internal-failure", "foreign-stop", "orphans", "ended", "exited", "returned", "held", "fewer",
		"script-failed", "script-foreground", "restart-scheduled", "restart-unstarted", "handed-over", "climb-ended", "retry-after", "rung-halted", "config-warning", "config-empty", "gone-ended", "setting", "setting-waits",
		"taken-over", "state-lost", "not-durable", "durable", "launcher", "operator-done", "operator-failed",
		"rung-waits", "machine-ended", "machine-stayed", "machine-step", "watchdog-unfed", "watchdog-fed", "userspace-stalled", "userspace-ok",
		"systemd-silent", "systemd-answers", "start-limit-lifted",
		"probe-unknown", "probe-slow", "probe-bad", "evidence", "evidence-failed",
		"monitor-failed", "monitor-ok", "monitor-recover", "monitor-recover-failed", "monitor-skipped",
	}
)

func TestCatalogueIDs(t *testing.T) {
	form := regexp.MustCompile(`^PW\d{4}$`)
	last := ""
	for _, k := range Catalogue {
		if !form.MatchString(k.ID) {
			t.Errorf("%s is no ID", k.ID)
		}
		if k.ID <= last {
			t.Errorf("%s comes after %s", k.ID, last)
		}
		last = k.ID
		if !slices.ContainsFunc(Sections, func(s Section) bool { return strings.HasPrefix(k.ID, s.Prefix) }) {
			t.Errorf("%s belongs to no section", k.ID)
		}
	}
}

// Every variable of the files kinds_*.go is in the catalogue, under the comment of its own
// section.
func TestCatalogueIsWhole(t *testing.T) {
	files, err := filepath.Glob("kinds_*.go")
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			block, ok := decl.(*ast.GenDecl)
			if !ok || block.Tok != token.VAR {
				continue
			}
			made += len(block.Specs)
			for _, spec := range block.Specs {
				checkKind(t, spec.(*ast.ValueSpec), block.Doc.Text()[:4])
			}
		}
	}
	if made != len(Catalogue) {
		t.Errorf("%d variables, %d in Catalogue", made, len(Catalogue))
	}
}

func checkKind(t *testing.T, spec *ast.ValueSpec, section string) {
	t.Helper()
	first := spec.Values[0].(*ast.UnaryExpr).X.(*ast.CompositeLit).Elts[0].(*ast.KeyValueExpr)
	id := strings.Trim(first.Value.(*ast.BasicLit).Value, `"`)
	if !strings.HasPrefix(id, section) {
		t.Errorf("%s %s stands in section %s", spec.Names[0], id, section)
	}
	if !slices.ContainsFunc(Catalogue, func(k *Kind) bool { return k.ID == id }) {
		t.Errorf("%s %s is not in Catalogue", spec.Names[0], id)
	}
}

func TestCatalogueEvents(t *testing.T) {
	said := map[string]bool{}
	for _, k := range Catalogue {
		said[k.Event] = true
		if !slices.Contains(contract, k.Event) && !slices.Contains(more, k.Event) {
			t.Errorf("%s has the new event %q: add it to the list of words, for good", k.ID, k.Event)
		}
	}
	for _, w := range slices.Concat(contract, more) {
		if !said[w] {
			t.Errorf("the event %q is gone from the catalogue", w)
		}
	}
}

// Every placeholder is known, and however much of a message is empty its sentence has
// no separator without something behind it.
func TestCatalogueTexts(t *testing.T) {
	names := regexp.MustCompile(`\{([^}]*)\}`)
	for _, k := range Catalogue {
		for _, n := range names.FindAllStringSubmatch(k.Text, -1) {
			if _, known := (Message{}).placeholder(n[1]); !known {
				t.Errorf("%s: {%s} is no field", k.ID, n[1])
			}
		}
		if strings.Count(k.Text, "[") != strings.Count(k.Text, "]") || strings.Count(k.Text, "{") != strings.Count(k.Text, "}") {
			t.Errorf("%s: brackets do not match: %s", k.ID, k.Text)
		}
		if strings.Contains(strings.NewReplacer("[: {detail}]", "", "[, in {detail}]", "", "[, {detail} after giving up]", "").Replace(k.Text), "{detail}") {
			t.Errorf("%s: the detail is not optional: %s", k.ID, k.Text)
		}
		for _, s := range []string{
			Message{Kind: k, Rung: "reboot"}.Sentence(), Message{Kind: k, Rung: "reboot", Detail: "d"}.Sentence(), Message{Kind: k, Rung: "reboot", Cause: "c", Attempt: 1}.Sentence(),
		} {
			if s == "" || strings.ContainsAny(s, "[]{}") || strings.Contains(s, "  ") || strings.Trim(s, " :,;") != s {
				t.Errorf("%s reads %q", k.ID, s)
			}
		}
		if strings.Contains(k.Text, "{") && reflect.ValueOf(k.Example).IsZero() {
			t.Errorf("%s has no example", k.ID)
		}
		if k.Meaning == "" || !strings.HasSuffix(k.Meaning, ".") || k.Action != "" && !strings.HasSuffix(k.Action, ".") {
			t.Errorf("%s: meaning and action are not sentences", k.ID)
		}
	}
}

func TestMessageIDs(t *testing.T) {
	if got, want := Started.MessageID(), "59771b230e778a4ea4cd169dce74b3ee"; got != want {
		t.Errorf("the MESSAGE_ID of PW0101 has changed from %s to %s", want, got)
	}
	seen := map[string]string{}
	for _, k := range Catalogue {
		id := k.MessageID()
		if !regexp.MustCompile(`^[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}$`).MatchString(id) {
			t.Errorf("%s: %s is no UUID of version 8", k.ID, id)
		}
		if seen[id] != "" {
			t.Errorf("%s and %s have the same MESSAGE_ID", k.ID, seen[id])
		}
		seen[id] = k.ID
	}
}
