package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"debug/elf"
)

// What is built starts on every Linux of its architecture, whatever libc that has and of
// which age: it asks for no program interpreter, and so for no shared library.
func TestBuildIsStatic(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not there")
	}
	binary := filepath.Join(t.TempDir(), "procward")
	build := exec.Command("make", "build", "BINARY="+binary)
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a segment %v: it does not start where that library is missing or older", p.Type)
		}
	}
}
