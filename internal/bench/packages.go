package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// unpacked gives a program out of a Debian package that is not installed: the package is
// downloaded and unpacked into the user's cache, so that nothing on the host is changed
// and no service starts.
func (b *bench) unpacked(ctx context.Context, pkg, program string) (path string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = b.dir
	}
	root := filepath.Join(cache, "procward-bench", pkg)
	path = filepath.Join(root, program)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := unpack(ctx, b.dir, pkg, root); err != nil {
		return "", fmt.Errorf("%s of Debian cannot be had: %w", pkg, err)
	}
	return path, nil
}

func unpack(ctx context.Context, tmp, pkg, root string) error {
	dir, err := os.MkdirTemp(tmp, "package-")
	if err != nil {
		return err
	}
	get := exec.CommandContext(ctx, "apt-get", "download", pkg)
	get.Dir = dir
	if out, err := get.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get download: %w: %s", err, lastLine(out))
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(debs) != 1 {
		return errors.Join(fmt.Errorf("apt-get download left %d packages", len(debs)), err)
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return err
	}
	// Unpacked beside, then renamed: what is in the cache is whole.
	half := root + ".half"
	if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", debs[0], half).CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb: %w: %s", err, lastLine(out))
	}
	return os.Rename(half, root)
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
