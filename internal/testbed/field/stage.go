package field

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// stage is the small host on which one story is played, as it is told to the process
// that builds it and plays on it.
type stage struct {
	Story  Story
	Files  string // the case's directory, as the builder sees it
	Source string // the root of procward's source: lib, examples and hooks are read there
	Binary string // the built procward
	Dir    string // an empty directory of the story's own
	IP     string // a loopback address of the story's own
}

// The environment in which the test binary is a stage: a file that holds it, and as what.
const (
	stageFile = "PROCWARD_FIELD_STAGE"
	stageRole = "PROCWARD_FIELD_ROLE" // build, or play where the stage is built
)

// stageInside is that file in the root of the stage.
const stageInside = "/field/stage.json"

// work is where a story's own files are, in its own root. It is part of the path of the
// programs of a case, so that no other story's are taken for them.
func (s stage) work() string { return "/field/" + s.Story.Case + "-" + s.Story.Name }

// Exit codes of a stage.
const (
	exitPlayed  = 0
	exitFailed  = 1
	exitSkipped = 3
)

// StageMain plays a story if that is what the test binary was started for, and says so.
func StageMain() (code int, mine bool) {
	file := os.Getenv(stageFile)
	if file == "" {
		return 0, false
	}
	var s stage
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		fmt.Println(err)
		return exitFailed, true
	}
	if os.Getenv(stageRole) == "play" {
		return playOn(s), true
	}
	if err := s.build(); err != nil {
		fmt.Printf("this host cannot have a root of its own for a case: %v\n", err)
		return exitSkipped, true
	}
	if s.Story.On == OnAlone {
		return beInit(), true
	}
	return playOn(s), true
}

// build gives this process, which has a mount namespace of its own, a root whose changes
// are gone with it.
func (s stage) build() error {
	root := filepath.Join(s.Dir, "root")
	steps := []func() error{
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") },
		func() error { return unix.Mount("tmpfs", s.Dir, "tmpfs", 0, "mode=755") },
		func() error { return s.furnish(filepath.Join(s.Dir, s.work())) },
		func() error { return s.overlay(root) },
		func() error { return s.mounts(root) },
		func() error { return s.install(root) },
		func() error { return enter(root) },
		s.network,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s stage) overlay(root string) error {
	upper, work := filepath.Join(s.Dir, "upper"), filepath.Join(s.Dir, "work")
	for _, dir := range []string{root, upper, work} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	err := unix.Mount("overlay", root, "overlay", 0, "lowerdir=/,upperdir="+upper+",workdir="+work)
	if err != nil {
		return fmt.Errorf("mount an overlay: %w", err)
	}
	return nil
}

// mounts gives the new root what is no file of a disk, and empty directories in place of
// the host's /run and /tmp.
func (s stage) mounts(root string) error {
	if err := bind(filepath.Join(s.Dir, "field"), filepath.Join(root, "field")); err != nil {
		return err
	}
	for _, dir := range []string{"dev", "sys"} {
		if err := bind("/"+dir, filepath.Join(root, dir)); err != nil {
			return err
		}
	}
	if s.Story.On == OnHost {
		if err := bind("/proc", filepath.Join(root, "proc")); err != nil {
			return err
		}
	} else if err := unix.Mount("proc", filepath.Join(root, "proc"), "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for dir, mode := range map[string]string{"run": "mode=755", "tmp": "mode=1777", "dev/shm": "mode=1777"} {
		if err := unix.Mount("tmpfs", filepath.Join(root, dir), "tmpfs", 0, mode); err != nil {
			return fmt.Errorf("mount /%s: %w", dir, err)
		}
	}
	return os.Mkdir(filepath.Join(root, "run/lock"), os.ModeSticky|0o777)
}

// bind makes dir, and shows from there.
func bind(from, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(from, dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", dir, err)
	}
	return nil
}

// install puts procward and its parts where its package has them. Drop-ins and scripts
// that this host may have are not the story's.
func (s stage) install(root string) error {
	for from, to := range packaged {
		if err := copyTree(filepath.Join(s.Source, from), filepath.Join(root, to), nil); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(filepath.Join(root, "etc/procward")); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(root, "var/lib/procward")); err != nil {
		return err
	}
	for _, dir := range []string{"etc/procward/conf.d", "etc/procward/scripts", "var/lib/procward"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	binary := filepath.Join(root, "usr/sbin/procward")
	if err := os.WriteFile(binary, nil, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(s.Binary, binary, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", binary, err)
	}
	return nil
}

// packaged is where the package has directories of the source.
var packaged = map[string]string{
	"examples":        "usr/share/doc/procward/examples",
	"packaging/hooks": "usr/lib/procward/hooks",
}

// enter makes root the root directory.
func enter(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("change the root directory: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root directory: %w", err)
	}
	return os.Chdir("/")
}

// network switches the loopback of a network namespace of its own on.
func (s stage) network() error {
	if s.Story.On != OnAlone {
		return nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// furnish makes the story's own directory: the files of the case and of lib, with the
// values of variables in them.
func (s stage) furnish(dir string) error {
	for from, to := range map[string]string{filepath.Join(s.Source, "internal/testbed/field/lib"): filepath.Join(dir, "lib"), s.Files: dir} {
		if err := copyTree(from, to, s.value); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		return err
	}
	runs := filepath.Join(dir, "runs")
	if err := os.WriteFile(runs, nil, 0o666); err != nil {
		return err
	}
	if err := os.Chmod(runs, 0o666); err != nil { // scripts may run as any user
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "run"), fmt.Appendf(nil, runText, s.work()), 0o755); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(dir), filepath.Base(stageInside)), text, 0o644)
}

// runText is the program @RUN@: it writes down that it was run, and becomes its arguments.
const runText = `#!/bin/sh
echo "$PROCWARD_EVENT ${PROCWARD_PROCESS:-$PROCWARD_GROUP}: $*" >>'%s/runs'
exec "$@"
`

// copyTree copies a directory, with the values of variables in its files if value is given. What begins with
// #! can be executed.
func copyTree(from, to string, value func(string) (string, bool)) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if value != nil && !bytes.ContainsRune(text, 0) {
			filled, _ := expand(string(text), value) // what is no variable stays
			text = []byte(filled)
		}
		mode := fs.FileMode(0o644)
		if bytes.HasPrefix(text, []byte("#!")) {
			mode = 0o755
		}
		return os.WriteFile(target, text, mode)
	})
}

// value is what a variable of the story's files stands for.
func (s stage) value(name string) (string, bool) {
	switch name {
	case "WORK":
		return s.work(), true
	case "RUN":
		return s.work() + "/run", true
	case "IP":
		return s.IP, true
	}
	v, ok := s.Story.Vars[name]
	return v, ok
}

// beInit is PID 1 of a story's own process table: it has the story played and reaps what
// is left to it. Its end is the end of all of them.
func beInit() int {
	cmd := exec.Command("/proc/self/exe") // its path may not be there any more
	cmd.Env = append(os.Environ(), stageRole+"=play", stageFile+"="+stageInside)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		return exitFailed
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid == cmd.Process.Pid {
			return status.ExitStatus()
		}
	}
}
