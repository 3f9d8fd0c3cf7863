package script

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// searchPath is the PATH of every script, as login(1) and systemd give it to root.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// start executes the program and returns its PID. Everything that can be made ready
// is, before the fork.
func (r *Runner) start(job Job, out *output) (int, error) {
	who, err := account(job.User)
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", job.Argv[0], err)
	}
	if r.Trusted != nil && os.Geteuid() == 0 {
		if err := r.Trusted(job.Argv[0], who.uid); err != nil {
			return 0, fmt.Errorf("start %s as %s: %w", job.Argv[0], who.name, err)
		}
	}
	env, err := environment(job.Env)
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", job.Argv[0], err)
	}
	stdin, err := input(job.Stdin)
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", job.Argv[0], err)
	}
	defer stdin.Close()
	w := out.writer(who)
	pid, err := r.normal.fork(func() (int, error) {
		return syscall.ForkExec(job.Argv[0], job.Argv, &syscall.ProcAttr{
			Dir: "/", Env: env, Files: []uintptr{stdin.Fd(), w.Fd(), w.Fd()},
			Sys: &syscall.SysProcAttr{Setsid: true, Credential: who.credential},
		})
	})
	out.started()
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", job.Argv[0], explain(job.Argv[0], who, err))
	}
	if r.Files != (unix.Rlimit{}) {
		_ = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &r.Files, nil)
	}
	return pid, nil
}

// environment is PATH, LANG as the daemon has it, and what the job says; nothing else
// of ours.
func environment(job map[string]string) ([]string, error) {
	lang := os.Getenv("LANG")
	if lang == "" {
		lang = "C.UTF-8"
	}
	env := map[string]string{"PATH": searchPath, "LANG": lang}
	maps.Copy(env, job)
	list := make([]string, 0, len(env))
	for name, value := range env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("environment: %q=%q is no variable", name, value)
		}
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list, nil
}

// input is what the script reads: /dev/null, or a file in memory that holds the whole
// of it, so that nobody has to stay and write.
func input(content []byte) (*os.File, error) {
	if content == nil {
		return os.Open(os.DevNull)
	}
	fd, err := unix.MemfdCreate("procward-stdin", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create for stdin: %w", err)
	}
	f := os.NewFile(uintptr(fd), "stdin")
	_, err = f.Write(content)
	if err == nil {
		_, err = f.Seek(0, 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("write stdin: %w", err)
	}
	return f, nil
}
