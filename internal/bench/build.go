package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed floor
var floor embed.FS

// build makes the C programs, and procward itself, in a new directory.
func build(ctx context.Context, dir string) error {
	if _, err := exec.LookPath("gcc"); err != nil {
		return errors.New("gcc is not there: the floors and the processes to kill are C programs, so nothing is measured")
	}
	if err := os.CopyFS(dir, mustSub(floor)); err != nil {
		return fmt.Errorf("unpack the C programs: %w", err)
	}
	sources, err := filepath.Glob(filepath.Join(dir, "*.c"))
	if err != nil {
		return err
	}
	for _, source := range sources {
		if err := compile(ctx, source); err != nil {
			return err
		}
	}
	out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(dir, "procward"), "procward/cmd/procward").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build procward: %w\n%s", err, out)
	}
	return nil
}

// mustSub cannot fail: the directory is the one that is embedded.
func mustSub(all embed.FS) fs.FS {
	sub, err := fs.Sub(all, "floor")
	if err != nil {
		return all
	}
	return sub
}

// compile links statically, so that a program's first instruction is soon its own; where
// there is no static libc, dynamically.
func compile(ctx context.Context, source string) error {
	program := strings.TrimSuffix(source, ".c")
	var out []byte
	var err error
	for _, how := range []string{"-static", "-O2"} {
		if out, err = exec.CommandContext(ctx, "gcc", "-O2", "-Wall", "-Wextra", how, "-o", program, source).CombinedOutput(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("compile %s: %w\n%s", filepath.Base(source), err, out)
}
