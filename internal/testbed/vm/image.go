package vm

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

// guest is the recipe of the image, and what goes into it.
//
//go:embed guest
var guest embed.FS

// programs are needed, and the Debian packages that have them.
var programs = map[string]string{
	"qemu-system-x86_64": "qemu-system-x86",
	"mmdebstrap":         "mmdebstrap",
	"mke2fs":             "e2fsprogs",
	"debugfs":            "e2fsprogs",
}

// image is a directory with a disk, a kernel and an initramfs.
type image string

func (i image) disk() string   { return filepath.Join(string(i), "disk.img") }
func (i image) kernel() string { return filepath.Join(string(i), "vmlinuz") }
func (i image) initrd() string { return filepath.Join(string(i), "initrd") }

// findImage finds the image in the cache, or makes it (about 35 s and 230 MB, from the
// Debian mirror that this host uses). It skips the test where that cannot be done.
func findImage(t testing.TB) image {
	t.Helper()
	cache, err := testbed.Cache()
	if err != nil {
		t.Skipf("no place for the image of a virtual machine: %v", err)
	}
	name, err := recipe()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, name)
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Skipf("no place for the image of a virtual machine: %v", err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil { // another test may be making it
		t.Fatalf("lock %s: %v", lock.Name(), err)
	}
	if err := install(); err != nil {
		t.Skipf("a virtual machine needs qemu-system-x86, mmdebstrap and e2fsprogs: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		return image(dir)
	}
	if err := build(dir); err != nil {
		t.Skipf("cannot make the image of a virtual machine: %v", err)
	}
	return image(dir)
}

// recipe is a name that changes with all that makes the image.
func recipe() (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(guest, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := guest.ReadFile(path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	return "vm-" + hex.EncodeToString(hash.Sum(nil))[:12], err
}

// install installs what is missing.
func install() error {
	var missing []string
	for program, name := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	update := command("apt-get", "update", "-qq") // what it lacks, the next one tells
	return errors.Join(command("apt-get", append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...)...), update)
}

func build(dir string) error {
	tmp := dir + ".new"
	if err := testbed.RemoveRoot(tmp); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(tmp, "recipe"), guest); err != nil {
		return err
	}
	out := filepath.Join(tmp, "image")
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	err := command("sh", filepath.Join(tmp, "recipe", "guest", "build.sh"), filepath.Join(tmp, "recipe", "guest"), out)
	if err == nil {
		err = os.Rename(out, dir)
	}
	return errors.Join(err, testbed.RemoveRoot(tmp))
}

func command(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, tail(strings.TrimSpace(string(out)), 3))
	}
	return nil
}
