package procscan

import "errors"

// connector listens to the kernel's process events (drivers/connector/cn_proc.c).
type connector struct {
	err error // why it is not to be trusted
}

func listen(fs *FS) *connector {
	return &connector{err: errors.New("not listening")}
}

func (c *connector) drain(forget func(pid int)) bool { return false }

func (c *connector) close() error { return nil }
