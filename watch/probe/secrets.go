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
	"strings"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

// maxFile limits how much is read of a file of certificates or secrets.
const maxFile = 4 << 20

// loaded is the content of a spec and its files together.
type loaded struct {
	tls           *tls.Config
	authorization string
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

// authorization is the value of the header that the first line of a file means.
func authorization(path string) (string, error) {
	text, err := secret(path)
	switch {
	case err != nil:
		return "", err
	case strings.HasPrefix(text, "Bearer "):
		return text, nil
	case strings.Contains(text, ":"):
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)), nil
	}
	return "", fmt.Errorf("read %s: its first line is neither user:password nor Bearer and a token", path)
}

// secret is the first line of a file.
func secret(path string) (string, error) {
	data, err := trusted(path)
	if err != nil {
		return "", err
	}
	line, _, _ := bufio.ScanLines(data, true)
	text := strings.TrimRight(string(data[:max(line, 0)]), "\r\n")
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("read %s: its first line holds a control character", path)
	}
	return text, nil
}

// trusted reads a file: as root, only one that nobody else may write.
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
