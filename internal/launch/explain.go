package launch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// explain adds to an error of execve(2) what is probably wrong and what to do. It wraps
// the error.
func explain(path string, who user, err error) error {
	switch {
	case errors.Is(err, syscall.ENOENT):
		return missing(path, err)
	case errors.Is(err, syscall.EACCES):
		return denied(path, who, err)
	case errors.Is(err, syscall.ENOEXEC):
		if bytes.HasPrefix(firstLine(path), []byte("\x7fELF")) {
			return fmt.Errorf("%w: it is a program for another machine, or damaged", err)
		}
		return fmt.Errorf("%w: its first line is not like #!/bin/sh, which names the interpreter of a script: add one", err)
	case errors.Is(err, syscall.ETXTBSY):
		return fmt.Errorf("%w: somebody has it open for writing", err)
	case errors.Is(err, syscall.EPERM) && who.credential != nil:
		return fmt.Errorf("%w: procward lacks the privilege to run scripts as %s", err, who.name)
	case errors.Is(err, syscall.EAGAIN):
		return fmt.Errorf("%w: a limit on processes is reached (ulimit -u, TasksMax, kernel.pid_max)", err)
	}
	return err
}

func missing(path string, err error) error {
	if _, e := os.Stat(path); e != nil {
		return err
	}
	line := firstLine(path)
	if !bytes.HasPrefix(line, []byte("#!")) {
		return fmt.Errorf("%w: the file is there, but its program loader is not", err)
	}
	if bytes.HasSuffix(line, []byte("\r")) {
		return fmt.Errorf("%w: its first line ends in a carriage return: convert the file to Unix line ends", err)
	}
	interpreter, _, _ := strings.Cut(strings.TrimSpace(string(line[2:])), " ")
	return fmt.Errorf("%w: the file is there, but %q, which its first line names as its interpreter, is not", err, interpreter)
}

func denied(path string, who user, err error) error {
	st, e := os.Stat(path)
	switch {
	case e != nil:
	case st.IsDir():
		return fmt.Errorf("%w: it is a directory", err)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%w: it is not a regular file", err)
	case st.Mode()&0o111 == 0:
		return fmt.Errorf("%w: it is not executable: chmod +x %s", err, path)
	}
	return fmt.Errorf("%w: %s may not execute it or enter a directory above it, or its file system is mounted noexec", err, who.name)
}

// firstLine is at most 255 bytes of the first line, which is what execve(2) looks at.
func firstLine(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 255)).ReadBytes('\n')
	return bytes.TrimSuffix(line, []byte("\n"))
}
