package message

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write docs/messages.md anew")

// docs is where the generated page lies.
const docs = "../../docs/messages.md"

func TestDocs(t *testing.T) {
	var b bytes.Buffer
	if err := Markdown(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(docs, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, b.Bytes()) {
		t.Errorf("docs/messages.md is not what the catalogue says; run: go test ./internal/message -run Docs -update")
	}
}

func TestDocsKnowEveryKey(t *testing.T) {
	var known []string
	for _, k := range keys[5:] {
		known = append(known, k.Name)
	}
	var written []string
	for _, f := range full().fields() {
		written = append(written, f.key)
	}
	if len(known) != len(written) {
		t.Fatalf("documented %q, written %q", known, written)
	}
	for i := range known {
		if known[i] != written[i] {
			t.Errorf("key %d: documented %q, written %q", i, known[i], written[i])
		}
	}
}
