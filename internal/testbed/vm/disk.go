package vm

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// makeDisk copies the image, and puts the files of the options into it.
func (m *Guest) makeDisk() error {
	disk := filepath.Join(m.dir, "disk.img")
	if out, err := exec.Command("cp", "--sparse=always", "--reflink=auto", m.image.disk(), disk).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	var commands strings.Builder
	for n, name := range slices.Sorted(maps.Keys(m.options.Files)) {
		from := filepath.Join(m.dir, fmt.Sprintf("file-%d", n))
		if err := os.WriteFile(from, []byte(m.options.Files[name]), 0o600); err != nil {
			return err
		}
		put(&commands, from, name, 0o644)
	}
	for _, name := range slices.Sorted(maps.Keys(m.options.Programs)) {
		put(&commands, m.options.Programs[name], name, 0o755)
	}
	return debugfs(disk, commands.String())
}

// put adds the commands of debugfs(8) that put a file into an image: the directories
// above it, whatever is there; then the file, root's.
func put(commands *strings.Builder, from, name string, mode os.FileMode) {
	for i, c := range name {
		if c == '/' && i > 0 {
			fmt.Fprintf(commands, "mkdir %s\n", name[:i])
		}
	}
	fmt.Fprintf(commands, "rm %s\nwrite %q %s\n", name, from, name)
	for field, value := range map[string]string{"mode": fmt.Sprintf("0100%03o", mode), "uid": "0", "gid": "0"} {
		fmt.Fprintf(commands, "set_inode_field %s %s %s\n", path.Clean(name), field, value)
	}
}

// debugfs runs the commands. It tells of what is already there, or not, and does not
// fail: so the files are looked at afterwards.
func debugfs(disk, commands string) error {
	if commands == "" {
		return nil
	}
	cmd := exec.Command("debugfs", "-w", "-f", "-", disk)
	cmd.Stdin = strings.NewReader(commands)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("debugfs: %w: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "write: ") || strings.Contains(line, "No space") {
			return fmt.Errorf("debugfs: %s", out)
		}
	}
	return nil
}
