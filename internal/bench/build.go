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
	"slices"
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

// timed are the programs that take the time of their first instruction (floor/record.h).
var timed = []string{"script", "target"}

// compile links statically, so that libc has little to do before main.
func compile(ctx context.Context, source string) error {
	program := strings.TrimSuffix(source, ".c")
	args := []string{"-O2", "-Wall", "-Wextra", "-static", "-o", program, source}
	if slices.Contains(timed, filepath.Base(program)) {
		args = append(args, "-Wl,-e,first")
	}
	if out, err := exec.CommandContext(ctx, "gcc", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s: %w\n%s", filepath.Base(source), err, out)
	}
	return nil
}
