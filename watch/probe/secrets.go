package probe

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

// maxFile bounds what is read of a file of certificates or secrets.
const maxFile = 4 << 20

// paths are those of needs.
func paths(needs []Need) []string {
	var all []string
	for _, n := range needs {
		all = append(all, n.Argv[0])
	}
	return all
}

// loaded is what a spec and its files say together.
type loaded struct {
	tls           *tls.Config
	authorization string
}

// files keeps what was loaded until one of the files changes, so that a renewed
// certificate or password needs no reload.
type files struct {
	spec  *HTTP
	paths []string
	seen  []stamp
	last  *loaded
}

// stamp tells versions of a file apart.
type stamp struct {
	dev, ino    uint64
	size        int64
	mtime, ctim unix.Timespec
}

func (f *files) now() (*loaded, error) {
	seen := make([]stamp, len(f.paths))
	for i, path := range f.paths {
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			return nil, &os.PathError{Op: "stat", Path: path, Err: err}
		}
		seen[i] = stamp{uint64(st.Dev), st.Ino, st.Size, st.Mtim, st.Ctim}
	}
	if f.last != nil && slices.Equal(seen, f.seen) {
		return f.last, nil
	}
	l, err := load(f.spec)
	if err != nil {
		return nil, err
	}
	f.seen, f.last = seen, l
	return l, nil
}

// load reads the files of a spec.
func load(h *HTTP) (*loaded, error) {
	l := &loaded{}
	var err error
	if h.AuthFile != "" {
		if l.authorization, err = authorization(h.AuthFile); err != nil {
			return nil, err
		}
	}
	l.tls, err = h.TLS.config()
	return l, err
}

// authorization is the value of the header that the first line of a file stands for.
func authorization(path string) (string, error) {
	data, err := trusted(path)
	if err != nil {
		return "", err
	}
	line, _, _ := bufio.ScanLines(data, true)
	text := strings.TrimRight(string(data[:max(line, 0)]), "\r\n")
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", fmt.Errorf("read %s: its first line holds a control character", path)
	case strings.HasPrefix(text, "Bearer "):
		return text, nil
	case strings.Contains(text, ":"):
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)), nil
	}
	return "", fmt.Errorf("read %s: its first line is neither user:password nor Bearer and a token", path)
}

// trusted reads a file: where we are root, only one that nobody else may write.
func trusted(path string) ([]byte, error) {
	f, err := openTrusted(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errors.New("it is too large")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

func openTrusted(path string) (*os.File, error) {
	if os.Geteuid() == 0 {
		return trust.Open(path, 0)
	}
	return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
}
